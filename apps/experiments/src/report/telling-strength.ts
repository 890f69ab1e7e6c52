import type { CurvePoint } from './summary.js';

/** An error clearly below the 90 % of guessing among the ten classes that every dataset of the paper has. */
const BETTER_THAN_GUESSING = 80;

/**
 * The strength that a comparison is read at: the strongest at which some curve is clearly better than guessing, for beyond
 * it nothing tells the models apart. If there is none, the weakest above 0; null without any.
 */
export function tellingStrength(curves: readonly (readonly CurvePoint[])[]): number | null {
  const points = curves.flat();
  const better = points
    .filter(({ error }) => error.mean < BETTER_THAN_GUESSING)
    .map(({ strength }) => strength);
  const strongest = Math.max(...better);
  if (strongest > 0) return strongest;
  const weakest = Math.min(...points.map(({ strength }) => strength).filter((strength) => strength > 0));
  return Number.isFinite(weakest) ? weakest : null;
}
