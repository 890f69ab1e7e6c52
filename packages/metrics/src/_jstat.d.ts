declare module 'jstat' {
  /** What is used of jStat, which brings no types. */
  const jStat: {
    /** @returns the standard normal deviate below which is the share p. */
    readonly normal: { inv(p: number, mean: number, sd: number): number };
    /** @returns the value of Student's t below which is the share p. */
    readonly studentt: { inv(p: number, degreesOfFreedom: number): number };
  };
  export default jStat;
}
