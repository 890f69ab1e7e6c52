import * as tf from '@tensorflow/tfjs';
import {
  batchesOf,
  countOf,
  randomStream,
  WeightmapError,
  type Attack,
  type Classifier,
  type ImageSet,
  type OnProgress,
} from '@weightmap/core';
import { checkFit } from './test-error.js';

/** The error under an attack at one strength. */
export interface RobustnessPoint {
  /** ε or β, in units of the classifier's pixels: with bounds [−1, 1], 0.2 is a tenth of their range. */
  readonly strength: number;
  /** Share of the attacked images that is misclassified, whether or not it was before the attack. */
  readonly errorPercent: number;
  /** Number of misclassified images. */
  readonly misclassified: number;
  /** Number of attacked images. */
  readonly count: number;
}

/** Seed, batch size and progress of a sweep. */
export interface RobustnessCurveOptions {
  /** Seeds what the attack draws: one stream a batch, named by the attack and the batch's first index. */
  seed: number;
  /** Images at a time. It takes part in naming the streams, so the noise of another batch size is another. */
  batchSize?: number;
  /** `stage` is the attack's id; counts images. */
  onProgress?: OnProgress;
}

/**
 * Measures the error under an attack over its strength: one point for each strength, in the given order.
 *
 * Images are scaled to the classifier's bounds, and strengths are in units of its pixels.
 *
 * Every batch has its own random stream and every strength its share of one run, so that a point depends neither
 * on the order of the batches nor on the other strengths. The event loop runs between two batches.
 *
 * @throws WeightmapError if the set is empty or doesn't fit the classifier; whatever the attack throws.
 */
export async function robustnessCurve(
  classifier: Classifier,
  set: ImageSet,
  attack: Attack,
  strengths: readonly number[],
  { seed, batchSize = 256, onProgress }: RobustnessCurveOptions,
): Promise<RobustnessPoint[]> {
  checkFit(classifier, set);
  const given: unknown = strengths;
  if (!Array.isArray(given))
    throw new WeightmapError(`The strengths are ${String(given)}.`, {
      expected: 'a list of numbers ≥ 0, also of a single one',
    });
  if (strengths.length === 0) return [];
  const count = countOf(set);
  const misclassified = strengths.map(() => 0);
  for (const { images, labels, start } of batchesOf(set, batchSize, classifier)) {
    const random = randomStream(seed, attack.id, start);
    attack.run(classifier, images, labels, { strengths, random }).forEach((outcome, i) => {
      outcome.adversarial.dispose();
      misclassified[i] += outcome.misclassified.reduce((sum, flag) => sum + flag, 0);
    });
    onProgress?.({ stage: attack.id, done: Math.min(start + batchSize, count), total: count });
    await tf.nextFrame();
  }
  return strengths.map((strength, i) => ({
    strength,
    errorPercent: (100 * misclassified[i]) / count,
    misclassified: misclassified[i],
    count,
  }));
}
