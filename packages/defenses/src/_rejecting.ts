import * as tf from '@tensorflow/tfjs';
import {
  batchesOf,
  WeightmapError,
  countOf,
  type Classifier,
  type ImageSet,
  type Rejection,
} from '@weightmap/core';

const BATCH = 250;

/**
 * The threshold that rejects at most a share of clean images.
 *
 * @param rate of false positives, in [0, 1).
 * @throws WeightmapError if there are no images, or a suspicion is not finite.
 */
export function thresholdAt(
  suspicion: Rejection['suspicion'],
  clean: ImageSet,
  { bounds }: Pick<Classifier, 'bounds'>,
  rate: number,
): number {
  if (countOf(clean) === 0)
    throw new WeightmapError('There are no images to set the threshold of a defence by.', {
      expected: 'clean validation images',
    });
  const values: number[] = [];
  for (const { images } of batchesOf(clean, BATCH, { bounds }))
    values.push(...tf.tidy(() => suspicion(images).dataSync()));
  if (!values.every(Number.isFinite))
    throw new WeightmapError('The suspicion of a clean image is NaN or infinite.', {
      fix: 'the weights are probably not finite: check how the training ended',
    });
  values.sort((a, b) => a - b);
  return values[values.length - 1 - Math.floor(rate * values.length)];
}

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
