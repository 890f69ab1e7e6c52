/** An error about an argument: which one, what was given, what was expected. */
export const argumentError = (where: string, given: string, expected: string): Error =>
  new Error(`${where}: ${given}; expected ${expected}.`);

/** A value as it would be written in source code: [28, 28, null], 'same', NaN. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/** Throws unless `value` is an integer ≥ `from`. */
export function requireInteger(where: string, value: unknown, from: number): void {
  if (!Number.isInteger(value) || (value as number) < from)
    throw argumentError(where, `got ${show(value)}`, `an integer of at least ${from}`);
}
