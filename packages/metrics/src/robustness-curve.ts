import * as tf from '@tensorflow/tfjs';
import {
  batchesOf,
  countOf,
  randomStream,
  type Attack,
  type Classifier,
  type ImageSet,
  type OnProgress,
} from '@weightmap/core';
import { checkFit } from './test-error.js';

/** The error at one strength. */
export interface RobustnessPoint {
  /** ε or β, in units of the classifier's pixels: with bounds [−1, 1], 0.2 is a tenth of their range. */
  readonly strength: number;
  /** Share of the attacked images that is misclassified, whether or not it was before the attack. */
  readonly errorPercent: number;
  /** So many of `count`. */
  readonly misclassified: number;
  /** Images attacked. */
  readonly count: number;
}

/** The seed, and in which portions the images are attacked. */
export interface RobustnessCurveOptions {
  /** Seeds what the attack draws: one stream a batch, named by the attack and the batch's first index. */
  seed: number;
  /** Images at a time. It takes part in naming the streams, so the noise of another batch size is another. */
  batchSize?: number;
  /** `stage` is the attack's id; counts images. */
  onProgress?: OnProgress;
}

/**
 * The error under an attack over its strength: one point a strength, in the order given.
 *
 * Images are scaled to the classifier's bounds, and strengths are in units of its pixels.
 *
 * Every batch has its own random stream and every strength its share of one run, so that a point depends neither
 * on the order of the batches nor on the other strengths. Between two batches the event loop gets its turn.
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
