/** A figure that every image has, over the images that have it. */
export interface Summary {
  /** In the unit of the figure. */
  readonly mean: number;
  /** Standard deviation of the images (divided by n − 1); null for one image. */
  readonly sd: number | null;
  /** Images that have it. */
  readonly n: number;
}

/** Mean and standard deviation of numbers, of which there may be none. */
export function summaryOf(values: readonly number[]): Summary | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: n < 2 ? null : Math.sqrt(squares / (n - 1)), n };
}
