import type * as tf from '@tensorflow/tfjs';

/** The norm of a ball of perturbations. */
export type BallNorm = 'linf' | 'l2' | 'l1';

const PIXELS = [1, 2, 3];

/** The sign of each value. (tf.sign of the wasm backend gives 0 for small values.) */
export const signOf = (x: tf.Tensor4D): tf.Tensor4D =>
  x.greater(0).cast('float32').sub(x.less(0).cast('float32'));

/** Replaces 0 by 1, to divide by. */
const nonZero = (x: tf.Tensor) => x.add(x.equal(0).cast('float32'));

/**
 * The direction of length 1 along which a linear function with this gradient grows fastest, for each image; 0 where the gradient is
 * 0.
 */
export const steepest: Readonly<Record<BallNorm, (gradient: tf.Tensor4D) => tf.Tensor4D>> = {
  linf: signOf,
  l2(gradient) {
    // Scaled first: the squares of small gradients would be rounded to 0.
    const scaled = gradient.div(nonZero(gradient.abs().max(PIXELS, true)));
    return scaled.div(nonZero(scaled.square().sum(PIXELS, true).sqrt()));
  },
  l1(gradient) {
    const size = gradient.abs();
    const largest = size.equal(size.max(PIXELS, true)).cast('float32');
    return signOf(gradient).mul(largest).div(largest.sum(PIXELS, true));
  },
};

/** Clips images to the L∞ ball around others, then to the bounds. */
export function confined(
  x: tf.Tensor4D,
  around: tf.Tensor4D,
  radius: tf.Tensor,
  [low, high]: readonly [number, number],
): tf.Tensor4D {
  const inBall = x.minimum(around.add(radius)).maximum(around.sub(radius));
  return inBall.clipByValue(low, high) as tf.Tensor4D;
}
