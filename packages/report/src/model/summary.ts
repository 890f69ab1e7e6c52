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
import type { MeanDifference, Spread } from './statistics.js';

/** The error at one β or ε, over the trials. */
export interface CurvePoint {
  /** β or ε. */
  readonly strength: number;
  /** Test error in percent. */
  readonly error: Spread;
}

/** A curve of errors over the strength of a disturbance. */
export type Curve = 'noise' | 'fgsm';

/** The paper's row beside ours. */
export interface Comparison {
  /** As the paper prints it. */
  readonly row: PaperRow;
  /** Ours minus the paper's, in percentage points; null where the data differ or ours is no evidence. */
  readonly difference: number | null;
  /**
   * Welch's 95 % interval of the difference, from the paper's printed mean and deviation of three trials; null under other
   * conditions than the paper's, and for a single trial.
   */
  readonly interval: Pick<MeanDifference, 'low' | 'high'> | null;
  /** Whether the interval excludes 0; null without one. */
  readonly isDifferent: boolean | null;
}

/** How one trial was trained. */
export interface TrialHistory {
  /** Its number. */
  readonly trial: number;
  /** The epoch whose weights were measured. */
  readonly selectedEpoch: number;
  /** One row for each epoch. */
  readonly epochs: readonly EpochRecord[];
}

/** All trials of one variant under the same conditions. */
export interface VariantSummary {
  /** Its id. */
  readonly variant: string;
  /** Id of its architecture. */
  readonly architecture: string;
  /** How it is called and drawn. */
  readonly name: VariantName;
  /** In the order of the trials. */
  readonly stored: readonly StoredRecord[];
  /** Trainable parameters. */
  readonly parameters: number;
  /** Operations an image; null if no trial has them. */
  readonly flops: NonNullable<RunRecord['flops']> | null;
  /** Which figures could not be measured, and why; a line each. */
  readonly unmeasured: readonly string[];
  /** On clean test images, in percent. */
  readonly testError: Spread;
  /** Test error by β of uniform noise. */
  readonly noise: readonly CurvePoint[];
  /** Test error by ε of FGSM. */
  readonly fgsm: readonly CurvePoint[];
  /** Training, one for each trial. */
  readonly histories: readonly TrialHistory[];
  /** The paper's row beside it; null if it has none. */
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
  /** Hoyer's sparsity. */
  readonly hoyer: Spread | null;
  /** Entropy over the log of the number of places. */
  readonly entropy: Spread | null;
  /** Share of the map on the background. */
  readonly background: Spread | null;
}

/** One feature layer over the trials; a figure is null where no trial has it. */
export interface LayerSummary extends Pick<ActivationVarianceRecord, 'layer' | 'kind' | 'beta'> {
  /** Its place among the feature layers, from 1. */
  readonly place: number;
  /** On the images as they are. */
  readonly clean: VarianceSummary;
  /** With uniform noise. */
  readonly noisy: VarianceSummary;
}

/** How a layer passes variance on, over the trials. */
export interface VarianceSummary {
  /** Variance of the output over that of the input. */
  readonly gain: Spread | null;
  /** The sides of equation 5. */
  readonly measured: Spread | null;
  /** The right side. */
  readonly predicted: Spread | null;
}

/** Variants measured under the same conditions: only these are compared with each other. */
export interface Benchmark {
  /** Unique in the report, fit for an anchor and a file name. */
  readonly id: string;
  /** The name of the dataset, with the conditions where there are several. */
  readonly title: string;
  /** What all of its results share. */
  readonly conditions: Conditions;
  /** How far they can be compared with the paper's. */
  readonly likeness: Likeness;
  /** The β and ε at which at least one variant is clearly better than chance, ascending: comparisons read their mean. */
  readonly informative: Readonly<Record<Curve, readonly number[]>>;
  /** In the order of the paper's tables. */
  readonly variants: readonly VariantSummary[];
}

/** A row of the paper that this run has no result for. */
export interface MissingRow {
  /** The row. */
  readonly row: PaperRow;
  /** Why there is none. */
  readonly reason: string;
}

/** The figures of a run, without text and pictures. */
export interface Summary {
  /** Of the paper's datasets first. */
  readonly benchmarks: readonly Benchmark[];
  /** Rows of the paper without a result; empty if no result has anything to do with the paper’s. */
  readonly missing: readonly MissingRow[];
  /** Files that could not be used. */
  readonly damaged: RunRecords['damaged'];
  /** What else of the run can't be used, with its reason. */
  readonly notes: readonly string[];
  /** Valid records. */
  readonly recordCount: number;
  /** The paper's claims, checked against the records. */
  readonly verification: Verification;
  /** The command that makes the results that undecided claims lack; null if nothing is missing or no preset makes them. */
  readonly fill: Fill | null;
}
