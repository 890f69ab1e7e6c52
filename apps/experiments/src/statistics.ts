/** Several trials of one figure. */
export interface Spread {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for one trial, which says nothing of the spread. */
  readonly sd: number | null;
  /** The trials themselves. */
  readonly values: readonly number[];
}

/** Mean and sample standard deviation √(Σ(x − x̄)² / (n − 1)) of at least one value. */
export function spread(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : null, values };
}

/**
 * Whether two means differ by more than the standard deviation of either; null when one of them is
 * unknown. A reading aid, not a test of significance.
 */
export function outsideBoth(difference: number, sdA: number | null, sdB: number | null): boolean | null {
  return sdA === null || sdB === null ? null : Math.abs(difference) > Math.max(sdA, sdB);
}
