declare module 'jstat' {
  /** What is used of jStat, which brings no types. */
  const jStat: {
    readonly normal: {
      /** @returns the normal deviate below which is the share p. */
      inv(p: number, mean: number, sd: number): number;
      /** @returns the share below x. */
      cdf(x: number, mean: number, sd: number): number;
    };
    readonly studentt: {
      /** @returns the value of Student's t below which is the share p. */
      inv(p: number, degreesOfFreedom: number): number;
      /** @returns the share below x. */
      cdf(x: number, degreesOfFreedom: number): number;
    };
  };
  export default jStat;
}
