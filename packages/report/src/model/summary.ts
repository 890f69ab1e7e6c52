import type {
  ActivationVarianceRecord,
  EpochRecord,
  GradCamSharpnessRecord,
  RunRecord,
  RunRecords,
  StoredRecord,
} from '@weightmap/records';
import type { Fill, Verification } from '../claims/index.js';
import type { PaperRow } from '../paper-values.js';
import type { VariantName } from '../variant-names.js';
import type { Conditions, Likeness } from './likeness.js';
import type { Spread } from './statistics.js';

/** The error at one β or ε, over the trials. */
export interface CurvePoint {
  readonly strength: number;
  readonly error: Spread;
}

/** A curve of errors over the strength of a disturbance. */
export type Curve = 'noise' | 'fgsm';

/** The paper's row beside ours. */
export interface Comparison {
  readonly row: PaperRow;
  /** Ours minus the paper's, in percentage points; null where the data differ or ours is no evidence. */
  readonly difference: number | null;
  /**
   * Welch's 95 % interval of the difference, from the paper's printed mean and deviation of three trials; null under other
   * conditions than the paper's, and for a single trial.
   */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Whether the interval excludes 0; null without one. */
  readonly isDifferent: boolean | null;
}

/** All trials of one variant under the same conditions. */
export interface VariantSummary {
  readonly variant: string;
  readonly architecture: string;
  readonly name: VariantName;
  /** In the order of the trials. */
  readonly stored: readonly StoredRecord[];
  readonly parameters: number;
  readonly flops: RunRecord['flops'];
  readonly testError: Spread;
  readonly noise: readonly CurvePoint[];
  readonly fgsm: readonly CurvePoint[];
  readonly histories: readonly { trial: number; selectedEpoch: number; epochs: readonly EpochRecord[] }[];
  readonly paper: Comparison | null;
  /** How sharp Grad-CAM is, a row a condition; a figure is null where no trial has it. */
  readonly sharpness: readonly SharpnessSummary[];
  /** How the feature layers pass variance on, from the image to the logits. */
  readonly variance: readonly LayerSummary[];
  /** The mean error over the benchmark's informative strengths, over the trials; null if there are none. */
  readonly meanError: Readonly<Record<Curve, Spread | null>>;
}

/** Figures of Grad-CAM under one condition, each the mean over images, over the trials. */
export interface SharpnessSummary extends Pick<GradCamSharpnessRecord, 'condition' | 'strength'> {
  readonly hoyer: Spread | null;
  readonly entropy: Spread | null;
  readonly background: Spread | null;
}

/** One feature layer over the trials; a figure is null where no trial has it. */
export interface LayerSummary extends Pick<ActivationVarianceRecord, 'layer' | 'kind' | 'beta'> {
  /** Its place among the feature layers, from 1. */
  readonly place: number;
  readonly clean: VarianceSummary;
  readonly noisy: VarianceSummary;
}

export interface VarianceSummary {
  readonly gain: Spread | null;
  /** The sides of equation 5. */
  readonly measured: Spread | null;
  readonly predicted: Spread | null;
}

/** Variants measured under the same conditions: only these are compared with each other. */
export interface Benchmark {
  /** Unique in the report, fit for an anchor and a file name. */
  readonly id: string;
  readonly title: string;
  readonly conditions: Conditions;
  readonly likeness: Likeness;
  /** The β and ε at which at least one variant is clearly better than chance, ascending: comparisons read their mean. */
  readonly informative: Readonly<Record<Curve, readonly number[]>>;
  /** In the order of the paper's tables. */
  readonly variants: readonly VariantSummary[];
}

/** A row of the paper that this run has no result for. */
export interface MissingRow {
  readonly row: PaperRow;
  readonly reason: string;
}

export interface Summary {
  readonly benchmarks: readonly Benchmark[];
  readonly missing: readonly MissingRow[];
  readonly damaged: RunRecords['damaged'];
  readonly recordCount: number;
  /** What the records say of the paper's claims. */
  readonly verification: Verification;
  /** What makes what the undecided claims lack; null if nothing, or if no preset does. */
  readonly fill: Fill | null;
}
