import { meanInterval } from '@weightmap/metrics';
import type { Evidence } from './claim.js';

/** A mean over trials and its interval. */
export type Interval = Pick<Evidence, 'difference' | 'low' | 'high' | 'n' | 'covers'>;

/**
 * Student's 95 % interval of a difference, one value a trial; with fewer than two there is none.
 *
 * A share of n test images comes in steps of 1/n. The difference of two shares that are rounded so has a deviation of at
 * least step/√6 that its values don't show: trials that agree by chance on a small test set are no certainty.
 *
 * @param step of each side, in the unit of the differences; 0 for what isn't counted.
 */
export function intervalOf(differences: readonly number[], step = 0): Interval {
  const n = differences.length;
  if (n < 2) return { difference: differences[0] ?? null, low: null, high: null, n, covers: 'trials' };
  const { mean, low, high, covers } = meanInterval(differences);
  const half = Math.max((high - low) / 2, halfWidth(step / Math.sqrt(6), n));
  return { difference: mean, low: mean - half, high: mean + half, n, covers };
}

/** Half of the interval of n values with that deviation. */
function halfWidth(deviation: number, n: number): number {
  // ±d and zeros have a deviation of d·√(2/(n − 1)).
  const d = deviation * Math.sqrt((n - 1) / 2);
  return meanInterval([d, -d, ...Array<number>(n - 2).fill(0)]).high;
}
