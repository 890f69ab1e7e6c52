import { meanInterval } from '@weightmap/metrics';
import type { Evidence } from './claim.js';

/** A mean over trials and its interval. */
export type Interval = Pick<Evidence, 'difference' | 'low' | 'high' | 'n' | 'covers'>;

/** Student's 95 % interval of a difference, one value a trial; with fewer than two there is none. */
export function intervalOf(differences: readonly number[]): Interval {
  const n = differences.length;
  if (n < 2) return { difference: differences[0] ?? null, low: null, high: null, n, covers: 'trials' };
  const { mean, low, high, covers } = meanInterval(differences);
  return { difference: mean, low, high, n, covers };
}
