/** Mean and standard deviation of a number over the images that have it. */
export interface Summary {
  /** In the unit of the number. */
  readonly mean: number;
  /** Standard deviation over the images (divided by n − 1); null for one image. */
  readonly sd: number | null;
  /** Number of images that have it. */
  readonly n: number;
}

/** Mean and sample variance (divided by n − 1, so NaN for one value) of one value or more. */
export function momentsOfSample(values: readonly number[]): { n: number; mean: number; variance: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, variance: squares / (n - 1) };
}

/** Mean and standard deviation of values; null if there are none. */
export function summaryOf(values: readonly number[]): Summary | null {
  if (values.length === 0) return null;
  const { n, mean, variance } = momentsOfSample(values);
  return { mean, sd: n < 2 ? null : Math.sqrt(variance), n };
}
