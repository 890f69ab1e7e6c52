import * as tf from '@tensorflow/tfjs';
import type { ImageSet, ImageSpec } from '@weightmap/core';
import { packPixels, unpackPixels } from '@weightmap/engine';

/** Images on their way into a compiled step, which makes floats of the bytes itself. */
export interface PackedBatch {
  readonly [name: string]: tf.Tensor;
  /** For `imagesOf`. */
  readonly pixels: tf.Tensor;
  /** [batch], int32. */
  readonly labels: tf.Tensor1D;
}

/** A set, or a batch of one, packed; the caller owns both tensors. */
export const packBatch = ({ pixels, labels }: Pick<ImageSet, 'pixels' | 'labels'>): PackedBatch => ({
  pixels: packPixels(pixels),
  labels: tf.tensor1d(Int32Array.from(labels), 'int32'),
});

/** [batch, height, width, channels], float32 in [0, 1]. */
export const imagesOf = (
  { pixels, labels }: PackedBatch,
  { height, width, channels }: Pick<ImageSpec, 'height' | 'width' | 'channels'>,
): tf.Tensor4D => unpackPixels<tf.Rank.R4>(pixels, [labels.shape[0], height, width, channels]);
