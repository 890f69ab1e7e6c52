import { studentQuantile, studentTail, type Contrast, type ContrastTerm } from '@weightmap/metrics';
import { meanOf, varianceOf } from '../model/statistics.js';

/** Probability on each side outside of a 95 % interval, and of a false “contradicted” of a whole claim. */
export const TAIL = 0.025;

/**
 * Mean and variance of a figure over trials.
 *
 * A share of n test images comes in steps of 1/n. Rounding to steps has a variance of step²/12 that few values may not show:
 * trials that agree by chance on a small test set are no certainty. The variance is never below it.
 *
 * @param step of the figure, in its unit; 0 for figures that aren't counted.
 * @returns a variance of NaN for fewer than two values.
 */
export function sampleOf(values: readonly number[], step = 0): Omit<ContrastTerm, 'weight'> {
  const variance = Math.max(varianceOf(values), step ** 2 / 12);
  return { mean: meanOf(values), variance, n: values.length };
}

/** The difference that a claim expects. `same` and `not below` have a margin: how large a difference still counts as none. */
export type Expectation =
  { readonly is: 'below' | 'above' } | { readonly is: 'not below' | 'same'; readonly margin: number };

/** The expectation in words. */
export function expectationText(expects: Expectation): string {
  switch (expects.is) {
    case 'below':
    case 'above':
      return `${expects.is} 0`;
    case 'not below':
      return expects.margin === 0 ? 'not below 0' : `not below 0, or within ±${expects.margin}`;
    case 'same':
      return `within ±${expects.margin}`;
  }
}

/** The evidence against a comparison: a t value in the direction that the claim excludes. */
export interface Against {
  readonly t: number;
  readonly freedom: number;
  /** P(T > t): one-sided, uncorrected. */
  readonly p: number;
}

/** A difference with its interval, judged by an expectation, before the claim's other comparisons are known. */
export interface Judgement {
  readonly low: number;
  readonly high: number;
  readonly agrees: boolean;
  /** Distance from where it would stop to agree, in halves of the interval. */
  readonly lead: number;
  readonly against: Against;
}

/**
 * Judges a difference.
 *
 * It agrees if the whole 95 % interval (difference ± t(0.975)·standard error) lies where the claim says. `not below` also
 * includes “the same”: the interval must be above −margin, and must not lie below 0 as a whole, because that is “below”.
 *
 * @param tail probability on each side outside of the interval.
 */
export function judge(expects: Expectation, estimate: Contrast, tail = TAIL): Judgement {
  const { value, standardError, freedom } = estimate;
  const half = standardError === 0 ? 0 : standardError * studentQuantile(1 - tail, freedom);
  const [low, high] = [value - half, value + half];
  const { forIt, excluded } = distances(expects, value);
  const isExcluded = expects.is === 'not below' && high < 0;
  const t = ratio(excluded, standardError);
  return {
    low,
    high,
    agrees: forIt > half && !isExcluded,
    lead: ratio(forIt, half),
    against: { t, freedom, p: studentTail(t, freedom) },
  };
}

/** How far a value lies on the side where it agrees, and on the side where it disagrees; negative if it doesn't. */
export function distances(expects: Expectation, value: number): { forIt: number; excluded: number } {
  switch (expects.is) {
    case 'below':
      return { forIt: -value, excluded: value };
    case 'above':
      return { forIt: value, excluded: -value };
    case 'not below':
      return { forIt: value + expects.margin, excluded: -value };
    case 'same':
      return { forIt: expects.margin - Math.abs(value), excluded: Math.abs(value) - expects.margin };
  }
}

/** Without spread, certainty: ±Infinity. Nothing over nothing is 0. */
function ratio(distance: number, size: number): number {
  if (size > 0) return distance / size;
  return distance === 0 ? 0 : Math.sign(distance) * Infinity;
}
