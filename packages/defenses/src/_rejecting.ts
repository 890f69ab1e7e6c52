import * as tf from '@tensorflow/tfjs';
import type { Classifier, ImageSet, Rejection } from '@weightmap/core';
import { suspicionsOf, thresholdOver } from './thresholds.js';

/**
 * The threshold that rejects at most a share of clean images.
 *
 * @param rate of false positives, in [0, 1).
 * @throws WeightmapError if there are no images, or a suspicion is not finite.
 */
export const thresholdAt = (
  suspicion: Rejection['suspicion'],
  clean: ImageSet,
  network: Pick<Classifier, 'bounds'>,
  rate: number,
): number => thresholdOver(suspicionsOf(suspicion, clean, network), rate);

/**
 * A classifier that may abstain: one class more, whose logit is the largest other one plus s/t − 1, with the suspicion s and its
 * threshold t. It abstains exactly where s > t (or equals it: ties go to the answer), and attacks see the detector's slope.
 */
export function rejecting(network: Classifier, { suspicion, threshold }: Rejection): Classifier {
  const scale = 1 / Math.max(threshold, 1e-6);
  return {
    ...network,
    classes: network.classes + 1,
    answers: network.classes,
    logits: (images) =>
      tf.tidy(() => {
        const logits = network.logits(images);
        const over = suspicion(images).sub(threshold).mul(scale);
        return tf.concat2d([logits, logits.max(1).add(over).expandDims<tf.Tensor2D>(1)], 1);
      }),
  };
}
