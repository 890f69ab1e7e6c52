import type { GradCamSharpnessRecord, RunRecord } from '@weightmap/core';

/** A figure that every record has, if the thing was measured at all. */
export interface Measure {
  /** In words, for a sentence: `test error`. */
  readonly label: string;
  /** `points` (percentage points); empty for an index. */
  readonly unit: string;
  /** The record's figure; null if it doesn't hold it. */
  readonly of: (record: RunRecord) => number | null;
  /** What one test image makes of it; absent for what isn't counted in images. */
  readonly step?: (record: RunRecord) => number;
}

export const testError: Measure = {
  label: 'test error',
  unit: 'points',
  of: ({ testErrorPercent }) => testErrorPercent,
  step: ({ cell }) => 100 / cell.dataset.test,
};

/** Of errors under noise or attack, which may be measured on some of the test images only. */
const robustnessStep = ({ cell: { dataset, evaluation } }: RunRecord): number =>
  100 / Math.min(dataset.test, evaluation.robustnessImages ?? dataset.test);

/** The stretch of a curve: all strengths above 0, or the lower or the upper half of that list. */
export type Stretch = 'all' | 'low' | 'high';

const stretchNames: Readonly<Record<Stretch, string>> = {
  all: '',
  low: ', the lower half of the strengths',
  high: ', the upper half of the strengths',
};

/** A point of a curve: strength and error. */
type Point = readonly [strength: number, errorPercent: number];

/**
 * The mean height of a curve over a stretch of its strengths: the area under it (trapezoids) over the stretch's length,
 * or the error itself where the stretch is a single strength.
 *
 * Strength 0 is the clean error and takes no part. The middle one of an odd number of strengths is in neither half.
 *
 * @returns percent; null if there is no strength on the stretch.
 */
export function meanHeight(points: readonly Point[], stretch: Stretch): number | null {
  const disturbed = points.filter(([strength]) => strength > 0).sort(([a], [b]) => a - b);
  const half = Math.floor(disturbed.length / 2);
  const on = {
    all: disturbed,
    low: disturbed.slice(0, half),
    high: disturbed.slice(disturbed.length - half),
  }[stretch];
  if (on.length === 0) return null;
  const length = on[on.length - 1][0] - on[0][0];
  if (length === 0) return on[0][1];
  let area = 0;
  for (let i = 1; i < on.length; i++) area += ((on[i][0] - on[i - 1][0]) * (on[i][1] + on[i - 1][1])) / 2;
  return area / length;
}

/** The mean error under uniform noise. */
export const noiseError = (stretch: Stretch = 'all'): Measure => ({
  label: `mean error under uniform noise${stretchNames[stretch]}`,
  unit: 'points',
  of: ({ noise }) =>
    meanHeight(
      noise.map(({ beta, errorPercent }) => [beta, errorPercent]),
      stretch,
    ),
  step: robustnessStep,
});

/** The mean error under FGSM. */
export const fgsmError: Measure = {
  label: 'mean error under FGSM',
  unit: 'points',
  of: ({ fgsm }) =>
    meanHeight(
      fgsm.map(({ epsilon, errorPercent }) => [epsilon, errorPercent]),
      'all',
    ),
  step: robustnessStep,
};

type SharpnessFigure = 'hoyer' | 'entropy' | 'background';

const sharpnessNames: Readonly<Record<SharpnessFigure, string>> = {
  hoyer: 'sparsity of Grad-CAM (Hoyer)',
  entropy: 'entropy of Grad-CAM',
  background: 'share of Grad-CAM on the background',
};

/** A figure of the Grad-CAM maps of clean images, averaged over them. */
export const gradCamFigure = (figure: SharpnessFigure): Measure => ({
  label: sharpnessNames[figure],
  unit: '',
  of: ({ gradCamSharpness }) =>
    gradCamSharpness.find(({ condition }: GradCamSharpnessRecord) => condition === 'clean')?.[figure]?.mean ??
    null,
});
