import * as tf from '@tensorflow/tfjs';
import { batchesOf, WeightmapError, type Classifier, type ImageSet, type Rejection } from '@weightmap/core';

const BATCH = 250;

/**
 * How suspicious a detector finds each image of a set.
 *
 * @returns one number an image, in their order.
 * @throws WeightmapError if one is not finite.
 */
export function suspicionsOf(
  suspicion: Rejection['suspicion'],
  set: ImageSet,
  { bounds }: Pick<Classifier, 'bounds'>,
): number[] {
  const values: number[] = [];
  for (const { images } of batchesOf(set, BATCH, { bounds }))
    values.push(...tf.tidy(() => suspicion(images).dataSync()));
  if (!values.every(Number.isFinite))
    throw new WeightmapError('The suspicion of a clean image is NaN or infinite.', {
      fix: 'the weights are probably not finite: check how the training ended',
    });
  return values;
}

/**
 * The threshold that rejects at most a share of images, where an image is rejected if its suspicion is larger.
 *
 * @param suspicions of clean images, finite.
 * @param rate of false positives, in [0, 1).
 * @throws WeightmapError if there are no images.
 */
export function thresholdOver(suspicions: readonly number[], rate: number): number {
  if (suspicions.length === 0)
    throw new WeightmapError('There are no images to set the threshold of a defence by.', {
      expected: 'clean validation images',
    });
  const sorted = Float64Array.from(suspicions).sort();
  return sorted[sorted.length - 1 - Math.floor(rate * sorted.length)];
}
