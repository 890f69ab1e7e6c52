import { count, NONE } from '../format.js';
import type { Evidence, Power } from './claim.js';
import type { VerifiedClaim } from './verify.js';

/**
 * The comparison that is shown with a verdict: of a contradicted claim the one that disagrees most clearly, otherwise the one
 * that is furthest from agreeing, of those with most trials.
 */
export function decisive({ verdict, evidence }: Pick<VerifiedClaim, 'verdict' | 'evidence'>): Evidence {
  const wanted = { supported: 'agrees', contradicted: 'disagrees', undecided: 'inconclusive' }[verdict];
  return evidence
    .filter(({ outcome }) => outcome === wanted)
    .sort((a, b) => b.n - a.n || (a.lead ?? 0) - (b.lead ?? 0))[0];
}

/** `1`, or `0–3` where comparisons differ: their trials. */
export function trialsText(evidence: readonly Evidence[]): string {
  const counts = evidence.map(({ n }) => n);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(most) : `${least}–${most}`;
}

/** `+2.80 [0.40, 5.20]`; without the interval if there is none. */
export function differenceText({ difference, low, high }: Evidence): string {
  if (difference === null) return NONE;
  const values = low === null || high === null ? [difference] : [difference, low, high];
  const [centre, ...ends] = alike(values);
  return `${difference > 0 ? '+' : ''}${centre}${ends.length > 0 ? ` [${ends.join(', ')}]` : ''}`;
}

const LEAST_DECIMALS = 2;
const MOST_DECIMALS = 4;

/** Numbers with as many decimals as the smallest of them needs, the same for all. */
function alike(values: readonly number[]): string[] {
  const sizes = values.map(Math.abs).filter((size) => size > 0);
  const needed = sizes.length > 0 ? Math.ceil(-Math.log10(Math.min(...sizes))) : 0;
  const decimals = Math.max(LEAST_DECIMALS, Math.min(MOST_DECIMALS, needed));
  const isTiny = sizes.length > 0 && Math.max(...sizes) < 10 ** -MOST_DECIMALS;
  return values.map((value) =>
    (isTiny && value !== 0 ? value.toExponential(1) : value.toFixed(decimals)).replaceAll('-', '−'),
  );
}

/** `9 %` */
export const powerText = ({ share }: Power): string => {
  const percent = Math.round(100 * share);
  return share > 0 && percent === 0 ? '< 1 %' : share < 1 && percent === 100 ? '> 99 %' : `${percent} %`;
};

/** `3 trials would decide it in 9 % of cases`: beside a verdict that leaves it undecided. */
export const powerClause = (power: Power): string =>
  `${count(power.trials, 'trial')} would decide it in ${powerText(power)} of cases`;

/** `undecided (3 trials would decide it in 9 % of cases)` */
export const verdictText = ({ verdict, power }: Pick<VerifiedClaim, 'verdict' | 'power'>): string =>
  verdict === 'undecided' ? `${verdict} (${powerClause(power)})` : verdict;

/** A comparison's name with the strengths that it is taken over, and its note. */
export const evidenceText = ({ what, range, note }: Evidence): string =>
  [[what, range].filter(Boolean).join(', '), note].filter(Boolean).join('; ');
