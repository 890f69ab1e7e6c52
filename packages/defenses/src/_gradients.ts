import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';

/**
 * The gradient with respect to images, as a constant: nothing flows through it to the weights.
 *
 * For `Objective.prepare`, not for `Objective.loss`, which is differentiated itself.
 *
 * @param lossOf gives a scalar.
 * @throws WeightmapError within another gradient: gradients of gradients are wrong in tfjs where a kernel keeps its output
 *   (tanh, log-softmax) or a loss its gradient, and throw at pooling.
 */
export function imageGradient(images: tf.Tensor4D, lossOf: (images: tf.Tensor4D) => tf.Scalar): tf.Tensor4D {
  const { gradientDepth } = (tf.engine() as unknown as { state: { gradientDepth: number } }).state;
  if (gradientDepth > 0)
    throw new WeightmapError('A gradient is asked for within another gradient.', {
      where: 'the loss of an objective',
      expected: 'gradients with respect to images in `prepare`, which gives the loss constants',
      fix: 'compute it in `prepare`; for the gradient of a gradient use slopeAlong',
    });
  return tf.tidy(() => tf.grad((x) => lossOf(x as tf.Tensor4D))(images) as tf.Tensor4D);
}

/**
 * The slope of a loss along a direction, ⟨u, ∇ₓJ⟩ ≈ (J(x + h·u) − J(x − h·u)) / 2h, whose gradient with respect to the weights is
 * that of ⟨u, ∇ₓJ⟩ with u constant: a second derivative by first derivatives alone.
 *
 * @param direction u, a constant of the shape of the images.
 * @param reach h, in units of pixels: small, or it is no derivative; not so small that J's rounding errors count.
 */
export function slopeAlong(
  lossOf: (images: tf.Tensor4D) => tf.Scalar,
  images: tf.Tensor4D,
  direction: tf.Tensor4D,
  reach: number,
): tf.Scalar {
  const step = direction.mul<tf.Tensor4D>(reach);
  const [ahead, behind] = [images.add<tf.Tensor4D>(step), images.sub<tf.Tensor4D>(step)].map(lossOf);
  return ahead.sub(behind).div<tf.Scalar>(2 * reach);
}
