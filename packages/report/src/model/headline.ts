import { list, percent, signed } from '../format.js';
import { conditionLabel, errorUnder, type Condition } from './condition.js';
import { imagesOf } from './intervals.js';
import { isEvidence, noEvidenceReason } from './likeness.js';
import { clearlyAbove, welch, type Sample, type Spread } from './statistics.js';
import type { Benchmark, VariantSummary } from './summary.js';

/**
 * - `decided`: Welch's intervals, with Holm's correction, put it below every other variant;
 * - `open`: of at least one other variant it is not clear;
 * - `single`: a variant has one trial, which has no spread;
 * - `tie`: several are equal to two decimals;
 * - `alone`: there is no other variant;
 * - `not evidence`: the conditions are those of a trial run, whatever the figures.
 */
export type Verdict = 'decided' | 'open' | 'single' | 'tie' | 'alone' | 'not evidence';

/** The variant with the lowest mean error under one condition, and how sure that is. */
export interface Ranking {
  readonly condition: Condition;
  /** `clean images`, `FGSM, mean over L∞ ε 8/255–0.1` */
  readonly under: string;
  /** More than one if they are equal to two decimals. */
  readonly leaders: readonly VariantSummary[];
  readonly error: Spread;
  readonly next: {
    readonly variant: VariantSummary;
    readonly error: Spread;
    /** Welch's 95 % interval of next − leader, uncorrected, such as `+0.20 [0.15, 0.25]`; null for a single trial. */
    readonly lead: string | null;
  } | null;
  readonly verdict: Verdict;
  /** The verdict in words. */
  readonly reason: string;
}

/** The ranking of a benchmark's variants on clean images, under noise, under FGSM; only where it was measured. */
export function rankingsOf(benchmark: Benchmark): Ranking[] {
  return (['clean', 'noise', 'fgsm'] as const).flatMap((condition) => {
    const measured = benchmark.variants
      .flatMap((variant) => {
        const error = errorUnder(variant, condition);
        return error ? [{ variant, error, sample: sampleOf(benchmark, condition, error) }] : [];
      })
      .sort((a, b) => a.error.mean - b.error.mean);
    if (measured.length === 0) return [];
    const [first] = measured;
    const level = measured.filter((other) => percent(other.error.mean) === percent(first.error.mean));
    const next = measured[level.length];
    const lead = next && welch(next.sample, first.sample);
    return [
      {
        condition,
        under: conditionLabel(benchmark, condition),
        leaders: level.map(({ variant }) => variant),
        error: first.error,
        next: next ? { variant: next.variant, error: next.error, lead: lead ? leadText(lead) : null } : null,
        ...judge(benchmark, measured, level.length),
      },
    ];
  });
}

const leadText = ({ difference, low, high }: { difference: number; low: number; high: number }): string =>
  `${signed(difference)} [${signed(low)}, ${signed(high)}]`;

interface Measured {
  readonly variant: VariantSummary;
  readonly error: Spread;
  readonly sample: Sample;
}

/** Trials for a comparison. An error is a share of n images; a mean over k strengths is less coarse. */
export function sampleOf(
  { conditions, informative }: Benchmark,
  condition: Condition,
  error: Spread,
): Sample {
  const strengths = condition === 'clean' ? 1 : informative[condition].length;
  return { ...error, step: 100 / imagesOf(conditions, condition) / Math.sqrt(strengths) };
}

function judge(
  { conditions }: Benchmark,
  [first, ...others]: readonly Measured[],
  level: number,
): Pick<Ranking, 'verdict' | 'reason'> {
  if (others.length === 0) return { verdict: 'alone', reason: 'nothing to compare with' };
  if (!isEvidence(conditions)) return { verdict: 'not evidence', reason: 'no verdict: not evidence' };
  if ([first, ...others].some(({ error }) => error.n === 1))
    return { verdict: 'single', reason: 'one trial decides nothing' };
  if (level > 1) return { verdict: 'tie', reason: 'equal to two decimals' };
  const isClear = clearlyAbove(
    first.sample,
    others.map(({ sample }) => sample),
  );
  const open = others.filter((_, i) => !isClear[i]).map(({ variant }) => variant.name.long);
  if (open.length > 0)
    return {
      verdict: 'open',
      reason: `not decided: no clear difference from ${open.length <= 2 ? list(open) : `${open.length} others`}`,
    };
  const all = others.length === 1 ? 'the other' : `each of the ${others.length} others`;
  return {
    verdict: 'decided',
    reason: `lower than ${all} (95 % intervals${others.length > 1 ? ', Holm’s correction' : ''})`,
  };
}

/** The rankings that a report shows: none where the results are not evidence. */
export const shownRankings = (benchmark: Benchmark): Ranking[] =>
  isEvidence(benchmark.conditions) ? rankingsOf(benchmark) : [];

/** One or two names, which have commas in them; the number of more. */
export const namesOf = (leaders: readonly VariantSummary[]): string =>
  leaders.length <= 2 ? list(leaders.map(({ name }) => name.long)) : `${leaders.length} variants`;

const places: Readonly<Record<Condition, string>> = {
  clean: 'on clean images',
  noise: 'under uniform noise',
  fgsm: 'under FGSM',
};

/** The answer as a heading: which variant has the lowest error where, and where that is not decided. */
export function headlineOf({ title, conditions }: Benchmark, rankings: readonly Ranking[]): string {
  const [first] = rankings;
  if (!first) return `${title}: nothing measured`;
  if (first.verdict === 'alone') {
    const [only] = first.leaders;
    return `${title}: ${only.name.long} alone, so nothing to compare`;
  }
  if (!isEvidence(conditions)) return `${title}: no ranking, these results are not evidence`;
  const isOpen = rankings.every(({ verdict }) => verdict !== 'decided');
  const at = new Map<string, string[]>();
  for (const { leaders, condition, verdict } of rankings) {
    const who = namesOf(leaders);
    const note = { decided: '', tie: ' (equal)' }[verdict as string] ?? (isOpen ? '' : ' (not decided)');
    const place = `${places[condition]}${note}`;
    at.set(who, [...(at.get(who) ?? []), place]);
  }
  const parts = [...at].map(([who, where]) => `${who} ${list(where)}`);
  return isOpen
    ? `${title}: not decided; lowest mean error so far: ${parts.join('; ')}`
    : `${title}, lowest error: ${parts.join('; ')}`;
}

/** Reasons not to read more into the figures than there is; empty if there are none. */
export function cautionsOf(benchmark: Benchmark): string[] {
  const { variants } = benchmark;
  const caveat = conditionsCaveat(benchmark);
  const single = variants.filter(({ testError }) => testError.n === 1).length;
  const trials =
    single === variants.length
      ? 'One trial each: its interval covers the choice of test images, not the randomness of training, so no ranking is decided.'
      : `${single} of ${variants.length} variants ${single === 1 ? 'has' : 'have'} a single trial: rankings that include ${single === 1 ? 'it' : 'them'} are not decided.`;
  return [...(caveat ? [caveat] : []), ...(single > 0 ? [trials] : [])];
}

/** Whether any of the results is evidence: if none is, the report gives no verdict on the paper's claims. */
export const hasEvidence = (benchmarks: readonly Benchmark[]): boolean =>
  benchmarks.some(({ conditions }) => isEvidence(conditions));

/** The heading of a report without evidence. */
export const NO_EVIDENCE = 'No verdict on the paper’s claims: these results are not evidence';

/**
 * Whether any of the results is on the paper's data, or on images in their place: the report of a run on other data alone does
 * not speak of the paper's claims. A run without results could still get some.
 */
export const concernsPaper = (benchmarks: readonly Pick<Benchmark, 'likeness'>[]): boolean =>
  benchmarks.length === 0 || benchmarks.some(({ likeness }) => likeness.paperDataset !== null);

/** How the conditions differ from the paper's, in a sentence; null if they don't, or if the data have nothing to do with it. */
export function conditionsCaveat({
  conditions,
  likeness: { caveats, paperDataset },
}: Benchmark): string | null {
  const reason = noEvidenceReason(conditions);
  if (paperDataset === null) return reason === null ? null : `Not evidence: ${reason}.`;
  if (caveats.length === 0) return null;
  return `${isEvidence(conditions) ? 'Conditions differ from the paper’s' : 'Not evidence'}: ${caveats.join('; ')}.`;
}
