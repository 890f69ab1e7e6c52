import { studentQuantile } from '@weightmap/metrics';
import type { PaperDataset } from '../paper-values.js';
import { TAIL, type Expectation } from './_interval.js';
import { holm } from '../model/statistics.js';
import { comparable } from './_trials.js';
import type { Claim, ClaimResult, Evidence, Need } from './claim.js';
import {
  compare,
  LEAST_TRIALS,
  needsOf,
  type AnyBelow,
  type Compared,
  type Comparison,
  type Difference,
} from './comparison.js';
import type { Measure } from './measures.js';
import { powerOf } from './power.js';

/** A claim that is made of comparisons alone. */
export function comparedClaim({
  comparisons,
  ...claim
}: Pick<Claim, 'id' | 'statement' | 'source'> & { comparisons: readonly Comparison[] }): Claim {
  return {
    ...claim,
    needs: uniqueNeeds(comparisons.flatMap(needsOf)),
    test(records) {
      const trials = comparable(records);
      const compared = comparisons.map((comparison) => compare(comparison, trials));
      return { ...verdictOf(compared), deviations: deviationsOf(comparisons, compared) };
    },
    power: (trials, deviations) => powerOf(claim.id, comparisons, trials, deviations),
  };
}

/**
 * The verdict of several comparisons: supported if each agrees, contradicted if one disagrees, undecided otherwise.
 *
 * “Supported” needs each of them, so that no correction is needed: it is wrong only if the one that is wrong agrees, with a
 * probability of at most 2.5 % (intersection–union). “Contradicted” needs one of them: their probabilities are corrected by
 * Holm, so that a claim that is true in all its comparisons is contradicted with a probability of at most 2.5 %.
 */
export function verdictOf(compared: readonly Omit<Compared, 'samples'>[]): Omit<ClaimResult, 'deviations'> {
  const corrected = holm(compared.map(({ judgement }) => judgement?.against.p ?? 1));
  const evidence = compared.map((one, i) => outcomeOf(one, corrected[i]));
  const missing = uniqueNeeds(compared.flatMap((one) => one.missing));
  const count = (which: (one: Evidence) => boolean) => evidence.filter(which).length;
  const [agreeing, disagreeing] = [
    count(({ outcome }) => outcome === 'agrees'),
    count(({ outcome }) => outcome === 'disagrees'),
  ];
  const verdict = disagreeing > 0 ? 'contradicted' : agreeing === evidence.length ? 'supported' : 'undecided';
  return { verdict, evidence, missing, reason: reasonOf(evidence) };
}

/** `2 of 5 comparisons agree, 0 disagree, 3 are inconclusive: 1 has one trial and so no interval, 2 have no results` */
function reasonOf(evidence: readonly Evidence[]): string {
  const count = (which: (one: Evidence) => boolean) => evidence.filter(which).length;
  const outcomes = (outcome: Evidence['outcome']) => count((one) => one.outcome === outcome);
  const single = evidence.filter(({ n }) => n > 0 && n < LEAST_TRIALS);
  const toward = single.filter(({ direction }) => direction).length;
  const waiting = count(({ n, lead }) => n >= LEAST_TRIALS && lead === null);
  const absent = count(({ n }) => n === 0);
  const have = (number: number) => `${number} ${number === 1 ? 'has' : 'have'}`;
  const details = [
    single.length > 0 &&
      `${have(single.length)} one trial and so no interval (${toward} in the direction of the claim)`,
    waiting > 0 && `${have(waiting)} too few trials or no strength at which networks can be compared`,
    absent > 0 && `${have(absent)} no results`,
  ].filter(Boolean);
  const inconclusive = outcomes('inconclusive');
  return [
    `${outcomes('agrees')} of ${evidence.length} ${evidence.length === 1 ? 'comparison' : 'comparisons'} agree`,
    `${outcomes('disagrees')} disagree`,
    `${inconclusive} ${inconclusive === 1 ? 'is' : 'are'} inconclusive${details.length > 0 ? `: ${details.join(', ')}` : ''}`,
  ].join(', ');
}

const MOST_LEAD = 99;

function outcomeOf({ evidence, judgement }: Omit<Compared, 'samples'>, corrected: number): Evidence {
  if (!judgement) return { ...evidence, outcome: 'inconclusive', against: null, lead: null };
  const { agrees, lead, against } = judgement;
  const outcome = agrees ? 'agrees' : corrected <= TAIL ? 'disagrees' : 'inconclusive';
  // Holm's level of this comparison: that at which its own probability just disagrees.
  const level = corrected > 0 ? (TAIL * against.p) / corrected : TAIL;
  const wrong = against.t > 0 ? -against.t / studentQuantile(1 - level, against.freedom) : lead;
  const shown = {
    agrees: Math.min(lead, MOST_LEAD),
    disagrees: Math.max(wrong, -MOST_LEAD),
    inconclusive: Math.max(-1, Math.min(1, wrong)),
  }[outcome];
  return { ...evidence, outcome, against: corrected, lead: shown };
}

/** Deviations between trials, pooled over the networks of each measure; only of measures with three trials of each. */
function deviationsOf(
  comparisons: readonly Comparison[],
  compared: readonly Compared[],
): ClaimResult['deviations'] {
  const labels = [...new Set(comparisons.map(({ measure }) => measure.label))];
  return Object.fromEntries(
    labels.flatMap((label) => {
      const samples = compared
        .filter((_, i) => comparisons[i].measure.label === label)
        .flatMap((one) => one.samples);
      if (samples.some(({ n }) => n < TRIALS_FOR_DEVIATION)) return [];
      const pooled = samples.reduce((sum, { variance }) => sum + variance, 0) / samples.length;
      return [[label, Math.sqrt(pooled)]];
    }),
  );
}

/** With fewer, a deviation is hardly more than a guess. */
const TRIALS_FOR_DEVIATION = 3;

/** The same need once. */
export function uniqueNeeds<T extends Need>(needs: readonly T[]): T[] {
  const seen = new Map<string, T>();
  for (const need of needs) seen.set(`${need.dataset}/${need.variant}/${need.measure}`, need);
  return [...seen.values()];
}

/** Comparisons on one dataset and by one measure, as short as sentences. */
export function on(dataset: PaperDataset, measure: Measure) {
  const make =
    (expects: Expectation, more: Pick<Difference, 'mayCrossBelow' | 'crossing'> = {}) =>
    (left: string | readonly string[], right: string | number): Difference => ({
      dataset,
      measure,
      left: typeof left === 'string' ? [left] : left,
      right,
      expects,
      ...more,
    });
  return {
    below: make({ is: 'below' }),
    above: make({ is: 'above' }),
    /** Worse at the weakest strength; curves that cross below it don't disagree. */
    aboveBeforeCrossing: make({ is: 'above' }, { mayCrossBelow: true }),
    /** Better at the strongest strength, with an estimate of where the curves cross. */
    belowAfterCrossing: make({ is: 'below' }, { crossing: true }),
    same: (left: string, right: string, margin: number) => make({ is: 'same', margin })(left, right),
    notBelow: (left: string, right: string, margin: number) => make({ is: 'not below', margin })(left, right),
    anyBelow: (any: AnyBelow['any']): AnyBelow => ({ dataset, measure, any }),
  };
}
