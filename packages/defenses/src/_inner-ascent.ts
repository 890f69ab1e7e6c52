import * as tf from '@tensorflow/tfjs';
import type { FrozenNet } from '@weightmap/core';
import { imageGradient } from './_gradients.js';
import { confined, signOf } from './_norms.js';

/**
 * Steps of projected gradient ascent within an L∞ ball: x ← clip(project(x + a · sign ∇L(x))), on the network in inference mode.
 *
 * @param start the first x.
 * @param lossOf gives the scalar L of images.
 * @param radius ε, a scalar tensor.
 * @param stepSize a, a scalar tensor or a number.
 */
export function ascend(
  { frozen }: FrozenNet,
  images: tf.Tensor4D,
  start: tf.Tensor4D,
  {
    lossOf,
    radius,
    stepSize,
    steps,
  }: {
    readonly lossOf: (images: tf.Tensor4D) => tf.Scalar;
    readonly radius: tf.Tensor;
    readonly stepSize: tf.Tensor | number;
    readonly steps: number;
  },
): tf.Tensor4D {
  let x = start;
  for (let k = 0; k < steps; k++)
    x = tf.tidy(() => {
      const gradient = imageGradient(x, lossOf);
      return confined(x.add(signOf(gradient).mul(stepSize)), images, radius, frozen.bounds);
    });
  return x;
}

/** The cross-entropy of the frozen network, as a function of the images. */
export const frozenLoss =
  ({ frozen, crossEntropy }: FrozenNet, labels: tf.Tensor1D) =>
  (images: tf.Tensor4D): tf.Scalar =>
    crossEntropy(frozen.logits(images), labels);
