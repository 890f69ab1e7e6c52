import { worstOn } from '@weightmap/records';
import { list, meanSd, PERCENT, percent } from '../format.js';
import { groupBy } from '../group-by.js';
import { checksWith } from './attack-table.js';
import type { AttackedGroup, AttackedNetwork } from './attacked-networks.js';
import { informativeStrengths, meanErrorOver, strengthRange } from './informative.js';
import { clearlyAbove, spread, type Spread } from './statistics.js';

/**
 * A sentence for each dataset: which network has the lowest error in the worst case, averaged over the informative strengths,
 * how clear that is, and whether its robustness is believable.
 */
export const attackedHeadlines = (groups: readonly AttackedGroup[]): string[] =>
  [...groupBy(groups, ({ title }) => title).values()].map((those) =>
    headline(
      those[0],
      those.flatMap(({ networks }) => networks),
    ),
  );

function headline({ title, classes }: AttackedGroup, networks: readonly AttackedNetwork[]): string {
  const curves = networks.map(({ worst }) =>
    worst.map(({ strength, error }) => ({ strength, errorPercent: error.mean })),
  );
  if (!curves.flat().some(({ strength }) => strength > 0))
    return `${title}: no attack on L∞ was run, so there is no worst case to compare`;
  const strengths = classes === null ? [] : informativeStrengths(curves, classes);
  const ranked = networks
    .flatMap((network) => {
      const error = meanWorstError(network, strengths);
      return error ? [{ network, error }] : [];
    })
    .sort((a, b) => a.error.mean - b.error.mean);
  if (ranked.length === 0)
    return `${title}: in the worst case every network is near chance or worse at every L∞ ε, so they can’t be compared`;
  const [first, ...others] = ranked;
  const { error } = first;
  const level = ranked.filter((other) => percent(other.error.mean) === percent(error.mean));
  const leaders = level.map(({ network }) => network);
  const next = ranked.at(level.length);
  const worst = `worst case, ${strengthRange('L∞ ε', strengths)}`;
  const who = list(leaders.map(({ name }) => name.long));
  if (networks.length === 1) {
    const strength = Math.max(...strengths);
    const [clean, attacked] = [0, strength].map((at) =>
      first.network.worst.find((one) => one.strength === at)!,
    );
    const errors = `from ${errorText(clean.error)} to ${errorText(attacked.error)}`;
    return `${title}: at ${strengthRange('L∞ ε', [strength])} the attacks raise the error of ${who} ${errors}, ${belief(leaders)}`;
  }
  if (!next) {
    const have = leaders.length === 1 ? 'has' : 'have the same error:';
    return `${title}: in the ${worst}, ${who} ${have} ${errorText(error)}, ${belief(leaders)}`;
  }
  const isClear = clearlyAbove(
    error,
    others.map((other) => other.error),
  ).every(Boolean);
  const isSingle = ranked.some((one) => one.error.n === 1);
  const doubt = isSingle ? '; one trial decides nothing' : isClear ? '' : '; not decided';
  return [
    `${title}: in the ${worst}, ${who} ${leaders.length === 1 ? 'has' : 'have'} the lowest error, ${errorText(error)}`,
    `(next: ${next.network.name.long}, ${errorText(next.error)}${doubt}),`,
    belief(leaders),
  ].join(' ');
}

/** The mean over the strengths, trial by trial; null if no trial has them all. */
function meanWorstError({ cells }: AttackedNetwork, strengths: readonly number[]): Spread | null {
  const values = cells.flatMap(
    (cell) =>
      meanErrorOver(
        worstOn(cell, 'linf').map(({ strength, accuracyPercent }) => ({
          strength,
          errorPercent: 100 - accuracyPercent,
        })),
        strengths,
      ) ?? [],
  );
  return values.length > 0 ? spread(values) : null;
}

const errorText = (error: Spread): string => `${meanSd(error)}${PERCENT}`;

/** Whether the robustness of these networks is believable. */
function belief(leaders: readonly AttackedNetwork[]): string {
  const reportsOf = (some: readonly AttackedNetwork[]) =>
    some.flatMap(({ cells }) => cells.flatMap(({ masking }) => masking ?? []));
  const doubtful = leaders.filter(({ masking }) => masking === 'doubtful');
  if (doubtful.length > 0)
    return `but that is not believable yet: there are signs of masking (${checksWith('flagged', reportsOf(doubtful)).join(', ')})`;
  if (leaders.every(({ masking }) => masking === 'believable')) return 'and no sign of masking was found';
  const reports = reportsOf(leaders);
  if (reports.length === 0) return 'but signs of masking were not looked for';
  return reports.some(({ verdict }) => verdict === 'undecided')
    ? `but the checks for masking need more images to decide (${checksWith('undecided', reports).join(', ')})`
    : 'but the checks for masking do not apply: hardly an image is classified correctly under PGD';
}
