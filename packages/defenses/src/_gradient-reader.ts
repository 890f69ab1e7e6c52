import * as tf from '@tensorflow/tfjs';
import { randomStream, type FrozenNet, type ImageSpec } from '@weightmap/core';
import { imageGradient } from './_gradients.js';
import { frozenLoss } from './_inner-ascent.js';

/** A small network that reads the class of an image from the gradient of its loss. */
export function gradientReader(
  { height, width, channels, classes }: ImageSpec,
  units: number,
  seed: number,
): { readonly auxiliary: readonly tf.Variable[]; logits(gradients: tf.Tensor4D): tf.Tensor2D } {
  const size = height * width * channels;
  const random = randomStream(seed, 'gradient-reader');
  const weights = (inputs: number, outputs: number) => {
    const values = random.normals(inputs * outputs).map((value) => value * Math.sqrt(2 / (inputs + outputs)));
    return tf.tidy(() => tf.variable(tf.tensor2d(values, [inputs, outputs])));
  };
  const zeros = (length: number) => tf.tidy(() => tf.variable(tf.zeros([length])));
  const auxiliary = [
    weights(size, units),
    zeros(units),
    weights(units, classes.length),
    zeros(classes.length),
  ];
  const [hidden, hiddenBias, kernel, bias] = auxiliary;
  const logits = (gradients: tf.Tensor4D) =>
    gradients.reshape([-1, size]).matMul(hidden).add(hiddenBias).relu().matMul(kernel).add<tf.Tensor2D>(bias);
  return { auxiliary, logits };
}

/** The gradient of each image's own loss; the loss of a batch is their mean. A constant. */
export const ownGradient = (net: FrozenNet, images: tf.Tensor4D, labels: tf.Tensor1D): tf.Tensor4D =>
  imageGradient(images, frozenLoss(net, labels)).mul<tf.Tensor4D>(images.shape[0]);
