import type { ConfidenceInterval } from '@weightmap/metrics';
import type { RunRecord } from '@weightmap/records';
import type { PaperDataset } from '../paper-values.js';

/**
 * The result for a claim. `undecided`: there are no results, too few trials, or the intervals
 * allow both.
 */
export type Verdict = 'supported' | 'contradicted' | 'undecided';

/** Figures that a claim is judged by: one measure of one variant on one dataset. */
export interface Need {
  /** Id of the dataset. */
  readonly dataset: PaperDataset;
  /** Id of the variant. */
  readonly variant: string;
  /** Which figure of its records, in words: `test error`. */
  readonly measure: string;
}

/** A need that isn't met, and why. */
export interface Missing extends Need {
  /** Trials that have the figure. */
  readonly trials: number;
  /** Trials that it needs: those of the run. */
  readonly of: number;
  /** For people. */
  readonly reason: string;
}

/** How one comparison came out: as the claim says, the other way, or neither. */
export type Outcome = 'agrees' | 'disagrees' | 'inconclusive';

/** One comparison that a claim is made of, and its result. */
export interface Evidence {
  /** `CNN, smoothing 32 − CNN, conv 33: test error on MNIST` */
  readonly what: string;
  /** The expected difference: `below 0`, `within ±0.1`. */
  readonly expected: string;
  /** The strengths of noise or attack that it is taken over: `mean over β 0.1–0.8`; null for other figures. */
  readonly range: string | null;
  /** Difference of the means over the trials, in the measure's unit; null if it can't be formed. */
  readonly difference: number | null;
  /** Ends of the 95 % interval; null if one side has fewer than two trials. */
  readonly low: number | null;
  /** The upper end. */
  readonly high: number | null;
  /** `points` (percentage points), or empty for an index. */
  readonly unit: string;
  /** Trials of the side that has fewest. */
  readonly n: number;
  /**
   * The randomness that the interval covers: `trials`, only the randomness of training and noise, on the same test images;
   * `networks`, only which networks there are, each the mean of its trials.
   */
  readonly covers: ConfidenceInterval['covers'] | 'networks';
  /** As the claim says, the opposite, or neither. */
  readonly outcome: Outcome;
  /**
   * The probability of a difference at least this far on the wrong side if the claim's comparison were true, corrected by
   * Holm for the comparisons of the claim: at most 0.025 disagrees. Null without an interval.
   */
  readonly against: number | null;
  /**
   * How clear the outcome is, whatever the unit: above 1 it agrees, below −1 it disagrees, between them it is inconclusive.
   * At most ±99; null without an interval.
   */
  readonly lead: number | null;
  /** Whether the difference, interval aside, lies where the claim says; null if there is none. */
  readonly direction: boolean | null;
  /** A remark, such as where curves cross; null if there is none. */
  readonly note: string | null;
}

/** The chance that some number of trials supports a claim, if the claim is true. */
export interface Power {
  /** Trials of each network. */
  readonly trials: number;
  /** 0 … 1 */
  readonly share: number;
  /** The assumption: the paper's printed values, or an assumed difference and deviation. */
  readonly basis: string;
}

/** The result of checking a claim. */
export interface ClaimResult {
  /** What all comparisons give. */
  readonly verdict: Verdict;
  /** Its comparisons. */
  readonly evidence: readonly Evidence[];
  /** Why it is this verdict, in a sentence. */
  readonly reason: string;
  /** The figures that its comparisons need. */
  readonly missing: readonly Missing[];
  /** Standard deviation between trials, measured on three or more of each network, by the measure's name. */
  readonly deviations: Deviations;
}

/** Standard deviations between trials by the names of the measures. */
export type Deviations = Readonly<Record<string, number>>;

/** A claim of the paper, and how it is checked against records. */
export interface Claim {
  /** `C1` … `C15` */
  readonly id: string;
  /** In our words. */
  readonly statement: string;
  /** Where the paper says so. */
  readonly source: string;
  /** The figures that it is judged by. */
  readonly needs: readonly Need[];
  /** Judges by these records; of each dataset, those of one set of conditions count (`comparable`). */
  readonly test: (records: readonly RunRecord[]) => ClaimResult;
  /**
   * The chance that this many trials support it, if it is true. Simulated with a fixed seed.
   *
   * @param deviations measured ones, used where the paper prints none.
   */
  readonly power: (trials: number, deviations?: Deviations) => Power;
}
