import type { RunRecord } from '@weightmap/core';
import type { ConfidenceInterval } from '@weightmap/metrics';
import type { PaperDataset } from '../paper-values.js';

/**
 * What records say of a claim. `undecided` is an answer of its own: there is nothing to judge, too few trials, or an
 * interval that leaves both open.
 */
export type Verdict = 'supported' | 'contradicted' | 'undecided';

/** Figures that a claim is judged by: one measure of one variant on one dataset. */
export interface Need {
  readonly dataset: PaperDataset;
  readonly variant: string;
  /** What of its records, in words: `test error`. */
  readonly measure: string;
}

/** A need that isn't met, and why. */
export interface Missing extends Need {
  /** Trials that have the figure. */
  readonly trials: number;
  readonly reason: string;
}

/** How one comparison came out: as the claim has it, the other way, or neither. */
export type Outcome = 'agrees' | 'disagrees' | 'open';

/** One comparison that a claim is made of, and what the records say of it. */
export interface Evidence {
  /** `CNN, smoothing 32 − CNN, conv 33: test error on MNIST` */
  readonly what: string;
  /** What the claim has it be: `below 0`, `within ±0.1`. */
  readonly expected: string;
  /** Mean over the trials, in the measure's unit; null if it can't be formed. */
  readonly difference: number | null;
  /** The interval's ends; null with fewer than two trials. */
  readonly low: number | null;
  readonly high: number | null;
  /** `points` (percentage points), or empty for an index. */
  readonly unit: string;
  /** Trials that it rests on. */
  readonly n: number;
  /**
   * What would be other if it were done again: `trials`, only the randomness of training and noise, on the same test
   * images; `networks`, only which networks there are, each the mean of its trials.
   */
  readonly covers: ConfidenceInterval['covers'] | 'networks';
  readonly outcome: Outcome;
  /**
   * How far the difference lies from where the claim would turn, in halves of the interval, whatever the unit: above 1 it
   * agrees, below −1 it disagrees, between them it is open. At most ±99; null without an interval.
   */
  readonly lead: number | null;
  /** Whether the difference, interval aside, is what the claim has it be; null if there is none. */
  readonly direction: boolean | null;
}

export interface ClaimResult {
  readonly verdict: Verdict;
  readonly evidence: readonly Evidence[];
  /** Why it is this verdict, in a sentence. */
  readonly reason: string;
  /** What it would take to judge every comparison. */
  readonly missing: readonly Missing[];
}

/** A claim of the paper, and how records are to be asked about it. */
export interface Claim {
  /** `C1` … `C12` */
  readonly id: string;
  /** In our words. */
  readonly statement: string;
  /** Where the paper says so. */
  readonly source: string;
  readonly needs: readonly Need[];
  /** Judges by these records; of each dataset, those of one set of conditions count (`comparable`). */
  readonly test: (records: readonly RunRecord[]) => ClaimResult;
}
