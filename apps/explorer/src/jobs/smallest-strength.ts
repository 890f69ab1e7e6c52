/** The result of a search for the smallest strength. */
export interface SmallestStrength {
  /** The smallest strength found that succeeds; null if none up to the largest does. */
  readonly strength: number | null;
  /** The largest strength below it that was tried; none of those that were tried up to here succeeds. Null if it is 0. */
  readonly below: number | null;
  /** Number of strengths that were tried. */
  readonly tried: number;
}

/** The strengths to try, and how precisely. */
export interface SearchOptions {
  readonly largest: number;
  /** Equal steps of the first pass from 0 to the largest strength. */
  readonly steps?: number;
  /** The interval between failure and success is halved until it is this short. Default: a thousandth of the largest. */
  readonly precision?: number;
}

/** Strengths in one request of the first pass: few, so that a request is short. */
const AT_ONCE = 4;

/**
 * Searches the smallest strength at which an attack succeeds: first in equal steps, then by bisection between the last failure and
 * the first success. Success need not grow with the strength, so a smaller one between two that were tried can't be excluded.
 *
 * @param succeeds whether each of some strengths succeeds.
 * @param signal ends the search between two requests by throwing its reason.
 */
export async function smallestStrength(
  succeeds: (strengths: readonly number[]) => Promise<readonly boolean[]>,
  { largest, steps = 16, precision = largest / 1000 }: SearchOptions,
  signal?: AbortSignal,
): Promise<SmallestStrength> {
  let tried = 0;
  const attempt = async (strengths: readonly number[]) => {
    signal?.throwIfAborted();
    const results = await succeeds(strengths);
    signal?.throwIfAborted();
    tried += strengths.length;
    return results;
  };
  const [isWrong] = await attempt([0]);
  if (isWrong) return { strength: 0, below: null, tried };
  const first = await firstSuccess(attempt, largest, steps);
  if (first === null) return { strength: null, below: largest, tried };
  let [low, high] = [((first - 1) * largest) / steps, (first * largest) / steps];
  while (high - low > precision) {
    const middle = (low + high) / 2;
    const [isSuccess] = await attempt([middle]);
    if (isSuccess) high = middle;
    else low = middle;
  }
  return { strength: high, below: low, tried };
}

/** The first of the equal steps that succeeds, from 1. */
async function firstSuccess(
  attempt: (strengths: readonly number[]) => Promise<readonly boolean[]>,
  largest: number,
  steps: number,
): Promise<number | null> {
  for (let start = 1; start <= steps; start += AT_ONCE) {
    const places = Array.from({ length: Math.min(AT_ONCE, steps - start + 1) }, (_, i) => start + i);
    const results = await attempt(places.map((place) => (place * largest) / steps));
    const found = results.indexOf(true);
    if (found >= 0) return places[found];
  }
  return null;
}
