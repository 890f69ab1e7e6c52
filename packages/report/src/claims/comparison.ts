import { contrast, meanInterval, type Contrast, type ContrastTerm } from '@weightmap/metrics';
import type { RunRecord } from '@weightmap/records';
import { list, strength } from '../format.js';
import { BETTER_THAN_CHANCE, informativeStrengths, strengthRange } from '../model/informative.js';
import { paperDatasetLabels, paperProtocol, type PaperDataset } from '../paper-values.js';
import { variantName } from '../variant-names.js';
import {
  distances,
  expectationText,
  judge,
  sampleOf,
  TAIL,
  type Expectation,
  type Judgement,
} from './_interval.js';
import type { Comparable } from './_trials.js';
import type { Evidence, Missing, Need } from './claim.js';
import type { Curve, Measure } from './measures.js';
import { meanOf } from '../model/statistics.js';

/** A difference of one measure between two variants, or between a variant and a value. */
export interface Difference {
  readonly dataset: PaperDataset;
  readonly measure: Measure;
  /** One variant, or several whose mean counts. */
  readonly left: readonly string[];
  readonly right: string | number;
  readonly expects: Expectation;
  /**
   * Of a curve at its weakest strength: it disagrees only if clean images disagree too. If they don't, the curves cross
   * below the weakest strength that was measured.
   */
  readonly mayCrossBelow?: boolean;
  /** Whether to estimate where the curves cross. */
  readonly crossing?: boolean;
}

/** At least one of several variants is below its baseline. */
export interface AnyBelow {
  readonly dataset: PaperDataset;
  readonly measure: Measure;
  /** Each a variant and its baseline. */
  readonly any: readonly (readonly [variant: string, baseline: string])[];
}

/** A comparison that a claim is made of. */
export type Comparison = Difference | AnyBelow;

/** Which figures a comparison needs. */
export function needsOf(comparison: Comparison): Need[] {
  const { dataset, measure } = comparison;
  const variants = 'any' in comparison ? comparison.any.flat() : sidesOf(comparison);
  return variants.map((variant) => ({ dataset, variant, measure: measure.label }));
}

const sidesOf = ({ left, right }: Difference): readonly string[] =>
  typeof right === 'string' ? [...left, right] : left;

/** Trials below which nothing is decided: one has no spread. */
export const LEAST_TRIALS = 2;

/** Share of the images below which a verdict says on how many it rests. */
const GOOD_COVERAGE = 0.9;

/** A comparison with its figures, before the claim's other comparisons are known. */
export interface Compared {
  readonly evidence: Omit<Evidence, 'outcome' | 'lead' | 'against'>;
  /** Null if it can't be judged: too few trials, or no strength at which networks can be compared. */
  readonly judgement: Omit<Judgement, 'low' | 'high'> | null;
  readonly missing: readonly Missing[];
  /** What each network's trials come to. */
  readonly samples: readonly Omit<ContrastTerm, 'weight'>[];
}

/** The trials that a run must have of each network: its own number; the paper's where one trial decides nothing. */
export function wantedTrials(trials: Comparable, dataset: PaperDataset): number {
  const planned = trials.planned(dataset);
  return planned >= LEAST_TRIALS ? planned : paperProtocol.trials;
}

/**
 * Compares the means over trials, by Welch's t: the trials of two networks count as independent, whether they share a seed
 * or not.
 */
export const compare = (comparison: Comparison, trials: Comparable): Compared =>
  'any' in comparison ? compareAny(comparison, trials) : compareTwo(comparison, trials, TAIL);

function compareTwo(comparison: Difference, trials: Comparable, tail: number): Compared {
  const { dataset, measure, left, expects } = comparison;
  const wanted = wantedTrials(trials, dataset);
  const variants = sidesOf(comparison);
  const records = variants.map((variant) => trials.of(dataset, variant));
  const strengths = measure.curve ? strengthsOf(measure.curve, records) : [];
  const samples = samplesOf(measure, records, strengths);
  const n = Math.min(...samples.map((sample) => sample.n));
  const missing = variants.flatMap((variant, i) => {
    const reason = reasonOf(comparison, records[i], { figures: samples[i].n, wanted });
    const need = { dataset, variant, measure: measure.label, trials: samples[i].n, of: wanted };
    return reason ? [{ ...need, reason }] : [];
  });

  const estimate = n > 0 ? estimateOf(comparison, samples) : null;
  const judged = estimate && n >= LEAST_TRIALS ? judge(expects, estimate, tail) : null;
  const isComplete = samples.every((sample) => sample.n >= wanted);
  const notes: string[] = [];
  if (measure.curve && strengths.length === 0 && records.every(({ length }) => length > 0))
    notes.push(notComparable(measure.curve));
  if (judged && !isComplete) notes.push(`waits for the other trials of the run: ${n} of ${wanted}`);
  if (n === 1) notes.push('one trial: no interval');
  const coverage = coverageOf(measure, records.flat());
  if (coverage !== null && coverage < GOOD_COVERAGE)
    notes.push(`rests on ${(100 * coverage).toFixed(0)} % of the images: the maps of the others are empty`);

  let against = judged?.against;
  if (comparison.mayCrossBelow && judged && against!.p <= TAIL) {
    const clean = samplesOf(measure, records, [0]);
    if (clean.every((sample) => sample.n >= wanted)) {
      const there = estimateOf(comparison, clean);
      against = judge(expects, there, tail).against;
      if (there.value > 0)
        notes.push(`the curves cross below β ${strength(strengths[0])}: clean images are as claimed`);
    }
  }
  if (comparison.crossing && measure.curve && estimate) notes.push(crossingText(measure.curve, records));

  const { forIt, excluded } = distances(expects, estimate?.value ?? 0);
  return {
    evidence: {
      what: nameOf(comparison),
      expected: expectationText(expects),
      range: measure.curve && strengths.length > 0 ? strengthRange(measure.curve.symbol, strengths) : null,
      difference: estimate?.value ?? null,
      low: judged?.low ?? null,
      high: judged?.high ?? null,
      unit: measure.unit,
      n,
      covers: 'trials',
      direction: estimate && forIt > 0 && excluded <= 0,
      note: notes.length > 0 ? notes.join('; ') : null,
    },
    judgement: judged && isComplete ? { ...judged, against: against! } : null,
    missing,
    samples,
  };

  function estimateOf({ right }: Difference, of: readonly Omit<ContrastTerm, 'weight'>[]): Contrast {
    const sum = contrast(
      of.map((sample, i) => ({ ...sample, weight: i < left.length ? 1 / left.length : -1 })),
    );
    return { ...sum, value: sum.value - (typeof right === 'number' ? right : 0) };
  }
}

/** The variant that is furthest below its baseline, by an interval that allows for the choice among them. */
function compareAny({ dataset, measure, any }: AnyBelow, trials: Comparable): Compared {
  const tail = TAIL / any.length;
  const candidates = any.map(([variant, baseline]) =>
    compareTwo(
      { dataset, measure, left: [variant], right: baseline, expects: { is: 'below' } },
      trials,
      tail,
    ),
  );
  const judged = candidates.filter(({ judgement }) => judgement !== null);
  const known = judged.length > 0 ? judged : candidates;
  const [best] = [...known].sort(
    (a, b) =>
      (b.judgement?.lead ?? 0) - (a.judgement?.lead ?? 0) ||
      (a.evidence.difference ?? Infinity) - (b.evidence.difference ?? Infinity),
  );
  const agrees = judged.some(({ judgement }) => judgement!.agrees);
  // It is wrong only if each of them is above its baseline: the one for which that is least certain counts.
  const [least] = [...judged].sort((a, b) => b.judgement!.against.p - a.judgement!.against.p);
  const isComplete = judged.length === any.length;
  const notes = [`the lowest of ${any.length}, its interval corrected for the choice`, best.evidence.note];
  return {
    evidence: {
      ...best.evidence,
      expected: `below 0 for at least one of ${any.length}`,
      direction: candidates.some(({ evidence }) => evidence.direction)
        ? true
        : candidates.every(({ evidence }) => evidence.direction === false)
          ? false
          : null,
      note: notes.filter(Boolean).join('; '),
    },
    judgement:
      agrees || isComplete
        ? {
            agrees,
            lead: best.judgement!.lead,
            against: isComplete ? least.judgement!.against : { t: -Infinity, freedom: 1, p: 1 },
          }
        : null,
    missing: candidates.flatMap(({ missing }) => missing),
    samples: candidates.flatMap(({ samples }) => samples),
  };
}

const samplesOf = (
  measure: Measure,
  records: readonly (readonly RunRecord[])[],
  strengths: readonly number[],
) =>
  records.map((own) => {
    const values = own.map((record) => measure.of(record, strengths)).filter((value) => value !== null);
    return sampleOf(values, own.length > 0 && measure.step ? measure.step(own[0]) : 0);
  });

/** The errors of a network by the strength, averaged over its trials. */
function meanCurve({ pointsOf }: Curve, records: readonly RunRecord[]) {
  const errors = new Map<number, number[]>();
  for (const record of records)
    for (const point of pointsOf(record))
      errors.set(point.strength, [...(errors.get(point.strength) ?? []), point.errorPercent]);
  return [...errors]
    .filter(([, values]) => values.length === records.length)
    .map(([at, values]) => ({
      strength: at,
      errorPercent: meanOf(values),
    }));
}

/** The strengths above 0 at which one of these networks is clearly better than chance, by the number of their classes. */
export function informativeOf(curve: Curve, records: readonly (readonly RunRecord[])[]): number[] {
  const [first] = records.flat();
  if (!first) return [];
  return informativeStrengths(
    records.map((own) => meanCurve(curve, own)),
    first.cell.dataset.classes,
  );
}

/** The informative strengths that a figure is taken at; the strongest only if there is a weaker one. */
function strengthsOf(curve: Curve, records: readonly (readonly RunRecord[])[]): number[] {
  const strengths = informativeOf(curve, records);
  if (curve.at === 'weakest') return strengths.slice(0, 1);
  if (curve.at === 'strongest') return strengths.slice(1).slice(-1);
  return strengths;
}

const notComparable = ({ at, symbol }: Curve): string =>
  at === 'strongest'
    ? `fewer than two strengths ${symbol} at which a network is more than ${BETTER_THAN_CHANCE} points better than chance`
    : `no strength ${symbol} at which a network is more than ${BETTER_THAN_CHANCE} points better than chance`;

/** The share of the images that a figure rests on, in the record where it is smallest; null if all of them do. */
function coverageOf({ coverage }: Measure, records: readonly RunRecord[]): number | null {
  const shares = records.map((record) => coverage?.(record) ?? null).filter((share) => share !== null);
  return shares.length > 0 ? Math.min(...shares) : null;
}

/**
 * Where the first network's curve falls below the second's, in each trial that both have: linear between the strengths, over
 * the informative ones and clean images.
 */
function crossingText(curve: Curve, [ours, theirs]: readonly (readonly RunRecord[])[]): string {
  const strengths = [0, ...informativeOf(curve, [ours, theirs])];
  const pairs = ours.flatMap((record) => {
    const other = theirs.find(({ trial }) => trial === record.trial);
    return other ? [[curve.pointsOf(record), curve.pointsOf(other)] as const] : [];
  });
  const places = pairs
    .map(([a, b]) => crossingOf(a, b, strengths))
    .filter((place): place is number => place !== null);
  if (places.length === 0) return 'the curves don’t cross where networks can be compared';
  const mean = meanOf(places);
  const interval = places.length > 1 ? ` [${ends(meanInterval(places))}]` : ' (one trial: no interval)';
  return `the curves cross at ${curve.symbol} ${mean.toFixed(2)}${interval}, in ${places.length} of ${pairs.length} trials`;
}

const ends = ({ low, high }: { low: number; high: number }): string =>
  [low, high].map((end) => end.toFixed(2).replace('-', '−')).join(', ');

/** The first strength at which the first curve goes from above the second to below it; null if it never does. */
export function crossingOf(
  ours: ReturnType<Curve['pointsOf']>,
  theirs: ReturnType<Curve['pointsOf']>,
  strengths: readonly number[],
): number | null {
  const at = (points: typeof ours, wanted: number) =>
    points.find((point) => point.strength === wanted)?.errorPercent ?? Number.NaN;
  const differences = strengths
    .map((x) => ({ x, y: at(ours, x) - at(theirs, x) }))
    .filter(({ y }) => !Number.isNaN(y));
  for (let i = 1; i < differences.length; i++) {
    const [from, to] = [differences[i - 1], differences[i]];
    if (from.y > 0 && to.y <= 0) return from.x + ((to.x - from.x) * from.y) / (from.y - to.y);
  }
  return null;
}

function reasonOf(
  { measure }: Difference,
  records: readonly RunRecord[],
  { figures, wanted }: { figures: number; wanted: number },
): string | null {
  if (records.length === 0) return 'no record';
  const { curve } = measure;
  const found = curve ? records.filter((record) => curve.pointsOf(record).length > 0).length : figures;
  if (found === 0) return 'not in its records';
  return found < wanted ? `${found} of ${wanted} trials` : null;
}

function nameOf({ dataset, measure, left, right }: Difference): string {
  const ours = left.length === 1 ? longName(left[0]) : `mean of ${list(left.map(longName))}`;
  const theirs = typeof right === 'string' ? longName(right) : `${right} %`;
  return `${ours} − ${theirs}: ${measure.label} on ${paperDatasetLabels[dataset]}`;
}

/** `CNN, smoothing 32` */
export const longName = (variant: string): string => variantName(variant).long;
