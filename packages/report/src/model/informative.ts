import { strength as strengthText } from '../format.js';

/** The error of one network at one strength of noise or attack. */
export interface CurveError {
  /** β or ε, in the unit of the curve. */
  readonly strength: number;
  /** Share of the images misclassified, 0 … 100; with several trials, their mean. */
  readonly errorPercent: number;
}

/** How far below chance a mean error must lie to count as better than chance, in percentage points (chosen). */
export const BETTER_THAN_CHANCE = 10;

/** The error of guessing among equally frequent classes, 100·(1 − 1/classes), in percent. */
export const chanceError = (classes: number): number => 100 * (1 - 1 / classes);

/**
 * The strengths at which networks can be compared: those at which at least one network is clearly better than chance.
 *
 * A strength s counts if s > 0, every curve has a point at s, and the smallest error there is below
 * 100·(1 − 1/classes) − 10. At stronger noise or attacks all networks only guess, and differences mean nothing.
 *
 * @param curves one for each network compared: its error at each strength, averaged over its trials. Curves without a
 * point are ignored. Strength 0 (clean images) never counts.
 * @param classes number of classes of the data, 2 or more.
 * @returns ascending; empty if no strength is informative.
 */
export function informativeStrengths(curves: readonly (readonly CurveError[])[], classes: number): number[] {
  const measured = curves.filter(({ length }) => length > 0);
  const limit = chanceError(classes) - BETTER_THAN_CHANCE;
  const candidates = new Set(measured.flat().map(({ strength }) => strength));
  return [...candidates]
    .filter((candidate) => {
      const errors = measured.flatMap((points) =>
        points.filter(({ strength }) => strength === candidate).map(({ errorPercent }) => errorPercent),
      );
      return candidate > 0 && errors.length === measured.length && Math.min(...errors) < limit;
    })
    .sort((a, b) => a - b);
}

/**
 * The mean error over these strengths, each with the same weight, in percent.
 *
 * @param points the curve of one trial, or of the mean of several.
 * @returns null if there are no strengths, or if the curve lacks one of them.
 */
export function meanErrorOver(points: readonly CurveError[], strengths: readonly number[]): number | null {
  const errors = strengths.map((wanted) => points.find(({ strength }) => strength === wanted)?.errorPercent);
  if (errors.length === 0 || errors.includes(undefined)) return null;
  return errors.reduce((sum: number, error) => sum + error!, 0) / errors.length;
}

/**
 * The range of the strengths for a heading: `mean over β 0.1–0.8`, or `β = 0.5` for a single one.
 *
 * @param symbol with its norm where there are several: `L∞ ε`.
 * @param strengths ascending, at least one.
 */
export function strengthRange(symbol: string, strengths: readonly number[]): string {
  const [first, last] = [strengths[0], strengths[strengths.length - 1]].map(strengthText);
  return strengths.length === 1 ? `${symbol} = ${first}` : `mean over ${symbol} ${first}–${last}`;
}
