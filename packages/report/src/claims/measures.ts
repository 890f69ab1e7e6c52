import type { GradCamSharpnessRecord, RunRecord } from '@weightmap/records';
import { meanErrorOver, type CurveError } from '../model/informative.js';

/** A figure that every record has, if it was measured at all. */
export interface Measure {
  /** In words, for a sentence: `test error`. */
  readonly label: string;
  /** `points` (percentage points); empty for an index. */
  readonly unit: string;
  /**
   * The record's figure; null if it doesn't have it.
   *
   * @param strengths of a curve: those to take it over. Ignored by other figures.
   */
  readonly of: (record: RunRecord, strengths: readonly number[]) => number | null;
  /** By how much one test image changes it; absent for figures that aren't counted in images. */
  readonly step?: (record: RunRecord) => number;
  /** Share of the images that it was measured on and that have it, 0 … 1; absent if all of them do. */
  readonly coverage?: (record: RunRecord) => number | null;
  /** The curve that it is taken from, if it is. */
  readonly curve?: Curve;
  /** What power is simulated with where the paper prints no values (chosen). */
  readonly assumed: Assumed;
}

/** A true difference, and a standard deviation between trials, in the measure's unit. */
export interface Assumed {
  readonly difference: number;
  readonly deviation: number;
}

/** The errors of a network by the strength of noise or attack. */
export interface Curve {
  readonly symbol: 'β' | 'ε';
  readonly pointsOf: (record: RunRecord) => readonly CurveError[];
  /** Which of the informative strengths the figure is taken at. */
  readonly at: 'all' | 'weakest' | 'strongest';
}

export const testError: Measure = {
  label: 'test error',
  unit: 'points',
  of: ({ testErrorPercent }) => testErrorPercent,
  step: ({ cell }) => 100 / cell.dataset.test,
  // Not used: the paper prints means and deviations.
  assumed: { difference: 0, deviation: 0 },
};

/** Of errors under noise or attack, which may be measured on some of the test images only. */
const robustnessStep = ({ cell: { dataset, evaluation } }: RunRecord): number =>
  100 / Math.min(dataset.test, evaluation.robustnessImages ?? dataset.test);

/** The paper draws curves on axes of 0 to 100 %: 5 points are a visible difference, 2 points are small. */
const ASSUMED_ERROR: Assumed = { difference: 5, deviation: 2 };

const noisePoints = ({ noise }: RunRecord) =>
  noise.map(({ beta, errorPercent }) => ({ strength: beta, errorPercent }));
const fgsmPoints = ({ fgsm }: RunRecord) =>
  fgsm.map(({ epsilon, errorPercent }) => ({ strength: epsilon, errorPercent }));

const atText = {
  all: 'mean error under uniform noise',
  weakest: 'error under the weakest uniform noise',
  strongest: 'error under the strongest informative uniform noise',
} as const;

/** The error under uniform noise: the mean over the informative strengths, or the error at one end of them. */
export const noiseError = (at: Curve['at'] = 'all'): Measure => ({
  label: atText[at],
  unit: 'points',
  of: (record, strengths) => meanErrorOver(noisePoints(record), strengths),
  step: robustnessStep,
  curve: { symbol: 'β', pointsOf: noisePoints, at },
  assumed: ASSUMED_ERROR,
});

/** The mean error under FGSM over the informative strengths. */
export const fgsmError: Measure = {
  label: 'mean error under FGSM',
  unit: 'points',
  of: (record, strengths) => meanErrorOver(fgsmPoints(record), strengths),
  step: robustnessStep,
  curve: { symbol: 'ε', pointsOf: fgsmPoints, at: 'all' },
  assumed: ASSUMED_ERROR,
};

/** The step of 8/255 that most of the field compares at. */
const USUAL_EPSILON = 8 / 255;
/** Strengths this near count as equal. */
const SAME_STRENGTH = 1e-6;

/** The error under FGSM at ε = 8/255. */
export const usualFgsmError: Measure = {
  label: 'error under FGSM at ε = 8/255',
  unit: 'points',
  of: ({ fgsm }) =>
    fgsm.find(({ epsilon }) => Math.abs(epsilon - USUAL_EPSILON) < SAME_STRENGTH)?.errorPercent ?? null,
  step: robustnessStep,
  // The paper has networks that do poorly at about 70 to 90 %.
  assumed: { difference: 20, deviation: 2 },
};

type SharpnessFigure = 'hoyer' | 'entropy' | 'background';

const sharpnessNames: Readonly<Record<SharpnessFigure, string>> = {
  hoyer: 'sparsity of Grad-CAM (Hoyer)',
  entropy: 'entropy of Grad-CAM',
  background: 'share of Grad-CAM on the background',
};

const cleanMaps = ({ gradCamSharpness }: RunRecord) =>
  gradCamSharpness.find(({ condition }: GradCamSharpnessRecord) => condition === 'clean');

/** A figure of the Grad-CAM maps of clean images, averaged over the maps that aren't empty. */
export const gradCamFigure = (figure: SharpnessFigure): Measure => ({
  label: sharpnessNames[figure],
  unit: '',
  of: (record) => cleanMaps(record)?.[figure]?.mean ?? null,
  coverage: (record) => {
    const maps = cleanMaps(record);
    return maps ? (maps[figure]?.n ?? 0) / maps.n : null;
  },
  // All three lie in 0 … 1.
  assumed: { difference: 0.1, deviation: 0.04 },
});
