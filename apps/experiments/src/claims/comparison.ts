import { list } from '../format.js';
import { paperDatasetLabels, type PaperDataset } from '../paper-values.js';
import { variantName } from '../variant-names.js';
import type { Evidence, Missing, Need } from './claim.js';
import type { Measure } from './measures.js';
import { intervalOf, type Interval } from './_interval.js';
import { figuresOf, type Comparable } from './_trials.js';

/** What a claim has a difference be. `not below` and `same` need a margin: how little of a difference is none. */
export type Expectation =
  { readonly is: 'below' | 'above' } | { readonly is: 'not below' | 'same'; readonly margin: number };

/** A difference of one measure between two variants, or between a variant and a value, trial by trial. */
export interface Comparison {
  readonly dataset: PaperDataset;
  readonly measure: Measure;
  /** One variant, or several whose mean counts. */
  readonly left: readonly string[];
  readonly right: string | number;
  readonly expects: Expectation;
}

/** Which figures a comparison needs. */
export const needsOf = ({ dataset, measure, left, right }: Comparison): Need[] =>
  [...left, ...(typeof right === 'string' ? [right] : [])].map((variant) => ({
    dataset,
    variant,
    measure: measure.label,
  }));

/** Trials below which nothing is decided: one has no spread. */
export const LEAST_TRIALS = 2;

/** Judges a comparison by the differences of those trials that both sides have. */
export function compare(
  comparison: Comparison,
  records: Comparable,
): { evidence: Evidence; missing: Missing[] } {
  const { dataset, measure, left, right, expects } = comparison;
  const sides = (typeof right === 'string' ? [...left, right] : left).map((variant) => ({
    variant,
    figures: figuresOf(records, { dataset, variant, measure }),
  }));
  const trials = [...sides[0].figures.keys()].filter((trial) =>
    sides.every(({ figures }) => figures.has(trial)),
  );
  const differences = trials.map((trial) => {
    const ours = sides.slice(0, left.length).map(({ figures }) => figures.get(trial)!);
    const theirs = typeof right === 'string' ? sides[left.length].figures.get(trial)! : right;
    return ours.reduce((sum, figure) => sum + figure, 0) / ours.length - theirs;
  });
  const missing =
    trials.length >= LEAST_TRIALS
      ? []
      : sides.flatMap(({ variant, figures }) => {
          const reason = reasonOf(figures.size, records.of(dataset, variant).length);
          const need = { dataset, variant, measure: measure.label, trials: figures.size };
          return reason ? [{ ...need, reason }] : [];
        });
  if (trials.length < LEAST_TRIALS && missing.length === 0)
    missing.push({
      ...needsOf(comparison)[0],
      trials: trials.length,
      reason: 'its trials have other seeds than those of the variant it is compared with',
    });
  const [record] = records.of(dataset, left[0]);
  const step = record && measure.step ? measure.step(record) : 0;
  return {
    evidence: evidenceOf(nameOf(comparison), expects, measure.unit, intervalOf(differences, step)),
    missing,
  };
}

function reasonOf(figures: number, records: number): string | null {
  if (figures >= LEAST_TRIALS) return null;
  if (records === 0) return 'no record';
  if (figures === 0) return 'not in its records';
  return 'one trial';
}

/** A mean over trials, held against what is expected of it. */
export function evidenceOf(what: string, expects: Expectation, unit: string, interval: Interval): Evidence {
  const { difference, low, high } = interval;
  const reach = low === null || high === null ? null : reachOf(expects, low, high);
  const shown = { what, expected: expectationText(expects), unit, ...interval };
  if (difference === null) return { ...shown, outcome: 'open', lead: null, direction: null };
  const margin = favour(expects, difference);
  return {
    ...shown,
    outcome: reach && reach.worst > 0 ? 'agrees' : reach && reach.best < 0 ? 'disagrees' : 'open',
    lead: reach && leadOf(margin, reach),
    direction: margin > 0,
  };
}

/** How far a difference lies on the side that the claim has it on; negative on the other. */
function favour(expects: Expectation, difference: number): number {
  switch (expects.is) {
    case 'below':
      return -difference;
    case 'above':
      return difference;
    case 'not below':
      return expects.margin + difference;
    case 'same':
      return expects.margin - Math.abs(difference);
  }
}

/** The least and the most favourable place in the interval. */
function reachOf(expects: Expectation, low: number, high: number): { worst: number; best: number } {
  const ends = [favour(expects, low), favour(expects, high)];
  const best = expects.is === 'same' && low < 0 && high > 0 ? expects.margin : Math.max(...ends);
  return { worst: Math.min(...ends), best };
}

const MOST_LEAD = 99;

/** In the half of the interval that reaches toward the turn, so that ±1 is where the verdict changes. */
function leadOf(margin: number, { worst, best }: { worst: number; best: number }): number {
  const half = margin >= 0 ? margin - worst : best - margin;
  if (margin === 0) return 0;
  return Math.max(-MOST_LEAD, Math.min(MOST_LEAD, margin / half));
}

function expectationText(expects: Expectation): string {
  switch (expects.is) {
    case 'below':
    case 'above':
      return `${expects.is} 0`;
    case 'not below':
      return `not below −${expects.margin}`;
    case 'same':
      return `within ±${expects.margin}`;
  }
}

function nameOf({ dataset, measure, left, right }: Comparison): string {
  const ours = left.length === 1 ? longName(left[0]) : `mean of ${list(left.map(longName))}`;
  const theirs = typeof right === 'string' ? longName(right) : `${right} %`;
  return `${ours} − ${theirs}: ${measure.label} on ${paperDatasetLabels[dataset]}`;
}

/** `CNN, smoothing 32` */
export const longName = (variant: string): string => variantName(variant, variant.split('-')[0]).long;
