/** Targets with known wrong inputs, which the suite leaves out until they are mended. */
export const awaiting: readonly string[] = ['events', 'status'];
