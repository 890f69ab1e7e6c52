import * as tf from '@tensorflow/tfjs';

/**
 * Of every value hit, half become the largest valid one and half the smallest.
 *
 * @param chances U(0, 1), of the shape of `images` or broadcast to it: the values where it is below share/2 become the
 *   smallest, those where it is at least 1 − share/2 the largest. What a small share hits, a larger one hits too.
 */
export const saltAndPepperOn = (
  images: tf.Tensor4D,
  chances: tf.Tensor4D,
  share: number,
  [low, high]: readonly [number, number],
): tf.Tensor4D => {
  const half = Math.min(share, 1) / 2;
  const peppered = tf.where<tf.Tensor4D>(chances.less(half), tf.fill(images.shape, low), images);
  return tf.where(chances.greaterEqual(1 - half), tf.fill(images.shape, high), peppered);
};
