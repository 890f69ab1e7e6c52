import * as tf from '@tensorflow/tfjs';

/**
 * Replaces half of the values that are hit by the largest valid value and half by the smallest.
 *
 * @param chances U(0, 1), of a shape that broadcasts to that of `images`: values with a chance below share/2 become the
 *   smallest, values with a chance of at least 1 − share/2 the largest. A larger share hits all values of a smaller one.
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
