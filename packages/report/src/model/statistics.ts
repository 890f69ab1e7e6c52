import { contrast, studentQuantile, studentTail, type ContrastTerm } from '@weightmap/metrics';

/** Several trials of one figure. */
export interface Spread {
  /** Number of trials. */
  readonly n: number;
  /** Their mean. */
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for one trial, which says nothing of the spread. */
  readonly sd: number | null;
  /** The trials themselves. */
  readonly values: readonly number[];
}

/** The mean of at least one value. */
export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The sample variance Σ(x − x̄)² / (n − 1); NaN for fewer than two values. */
export function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return values.length < 2 ? Number.NaN : squares / (values.length - 1);
}

/** Mean and sample standard deviation of at least one value. */
export const spread = (values: readonly number[]): Spread => ({
  n: values.length,
  mean: meanOf(values),
  sd: values.length < 2 ? null : Math.sqrt(varianceOf(values)),
  values,
});

/** The part of several trials that a comparison of means needs. */
export interface Sample extends Pick<Spread, 'n' | 'mean' | 'sd'> {
  /**
   * The step in which the values come, such as 100/n percent for a share of n test images; absent for measured values.
   * Trials that agree by chance on a small test set are no certainty: the standard deviation is taken as at least
   * step/√12, that of the rounding.
   */
  readonly step?: number;
}

/** A difference between two means, first − second, and its confidence interval over trials. */
export interface MeanDifference {
  /** first − second. */
  readonly difference: number;
  /** Lower end of the interval. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
}

/**
 * Welch's t interval of the difference between two means over independent trials, from n, mean and standard deviation
 * alone: so it serves for published values as well.
 *
 * @param level in (0, 1).
 * @returns null if either has fewer than two trials: one trial has no spread.
 * Source: see `contrast` of `@weightmap/metrics`.
 */
export function welch(first: Sample, second: Sample, level = 0.95): MeanDifference | null {
  if (first.sd === null || second.sd === null) return null;
  const { value, standardError, freedom } = contrast([termOf(first, 1), termOf(second, -1)]);
  const half = standardError === 0 ? 0 : standardError * studentQuantile((1 + level) / 2, freedom);
  return { difference: value, low: value - half, high: value + half };
}

const termOf = ({ n, mean, sd, step = 0 }: Sample, weight: number): ContrastTerm => ({
  weight,
  mean,
  n,
  variance: Math.max(sd ?? 0, step / Math.sqrt(12)) ** 2,
});

/** The two-sided p-value of Welch's t test that two means are equal; 1 where one of them has a single trial. */
export function differenceP(first: Sample, second: Sample): number {
  if (first.sd === null || second.sd === null) return 1;
  const { value, standardError, freedom } = contrast([termOf(first, 1), termOf(second, -1)]);
  return value === 0 ? 1 : Math.min(1, 2 * studentTail(Math.abs(value) / standardError, freedom));
}

/**
 * Which means are clearly above the lowest one: Welch's intervals, by Holm's step-down procedure over all comparisons
 * with the lowest, so that among equal networks one is called clear of all others in at most 1 − level of all cases.
 *
 * @param lowest the sample with the smallest mean.
 * @param others the samples that it is compared with.
 * @returns one answer for each of `others`; false where either has a single trial.
 * Source: S. Holm, “A simple sequentially rejective multiple test procedure”, 1979.
 */
export function clearlyAbove(lowest: Sample, others: readonly Sample[], level = 0.95): boolean[] {
  const pValues = others.map((other) => (other.mean > lowest.mean ? differenceP(other, lowest) : 1));
  return holm(pValues).map((p) => p < 1 - level);
}

/**
 * Holm's step-down correction: the smallest of k p-values times k, the next times k − 1, …; none below the one before.
 *
 * With “disagrees” at ≤ 0.025, a claim whose k comparisons are all true has one that disagrees with a probability of at
 * most 0.025.
 *
 * Source: S. Holm, “A simple sequentially rejective multiple test procedure”, 1979.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p);
  const corrected = Array<number>(pValues.length);
  let most = 0;
  order.forEach(({ p, i }, rank) => {
    most = Math.max(most, Math.min(1, p * (order.length - rank)));
    corrected[i] = most;
  });
  return corrected;
}
