import { list, meanSd, percent, PERCENT, strength } from '../format.js';
import { outsideBoth, type Spread } from '../statistics.js';
import type { AttackedGroup, AttackedNetwork } from './attacked-networks.js';
import { groupBy } from './_group-by.js';
import { tellingStrength } from './telling-strength.js';

/** A sentence for each dataset: which network errs least in the worst case, by how much, and whether to believe it. */
export const attackedHeadlines = (groups: readonly AttackedGroup[]): string[] =>
  [...groupBy(groups, ({ title }) => title).values()].map((those) =>
    headline(
      those[0].title,
      those.flatMap(({ networks }) => networks),
    ),
  );

function headline(title: string, networks: readonly AttackedNetwork[]): string {
  const at = tellingStrength(networks.map(({ worst }) => worst));
  const ranked = networks
    .flatMap((network) => {
      const error = network.worst.find((point) => point.strength === at)?.error;
      return error ? [{ network, error }] : [];
    })
    .sort((a, b) => a.error.mean - b.error.mean);
  if (at === null || ranked.length === 0)
    return `${title}: no attack on L∞ was run, so there is no worst case to judge by`;
  const [{ error }] = ranked;
  const level = ranked.filter((other) => percent(other.error.mean) === percent(error.mean));
  const leaders = level.map(({ network }) => network);
  const next = ranked.at(level.length);
  const worst = `worst case at ε = ${strength(at)}`;
  const who = list(leaders.map(({ name }) => name.long));
  if (!next) {
    const errs = leaders.length === 1 ? `${who} errs` : `${who} err alike,`;
    return `${title}: in the ${worst}, ${errs} on ${errorText(error)}, ${belief(leaders)}`;
  }
  const apart = outsideBoth(next.error.mean - error.mean, error.sd, next.error.sd);
  const verb = leaders.length === 1 ? 'errs' : 'err';
  const doubt = apart === null ? '; a single trial' : apart ? '' : '; within one standard deviation';
  return [
    `${title}: in the ${worst}, ${who} ${verb} least, on ${errorText(error)}`,
    `(next: ${next.network.name.long}, ${errorText(next.error)}${doubt}),`,
    belief(leaders),
  ].join(' ');
}

const errorText = (error: Spread): string => `${meanSd(error)}${PERCENT}`;

/** Whether the robustness of these is to be believed. */
function belief(leaders: readonly AttackedNetwork[]): string {
  const doubtful = leaders.filter(({ masking }) => masking === 'doubtful');
  if (doubtful.length > 0) {
    const flagged = doubtful.flatMap(({ cells }) =>
      cells.flatMap(({ masking }) =>
        (masking?.checks ?? []).filter(({ verdict }) => verdict === 'flagged').map(({ id }) => id),
      ),
    );
    return `but that is not to be believed yet, for there are signs of masking (${[...new Set(flagged)].join(', ')})`;
  }
  return leaders.every(({ masking }) => masking === 'believable')
    ? 'and no sign speaks against believing it'
    : 'but signs of masking were not looked for';
}
