import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';

/** A network in inference mode, in two parts: `answer(features(images))` are its logits. */
export interface CutNetwork {
  /** Number of features of an image. */
  readonly width: number;
  /** @returns [batch, width], the inputs of the last layer. */
  features(images: tf.Tensor4D): tf.Tensor2D;
  /** @returns [batch, classes] */
  answer(features: tf.Tensor2D): tf.Tensor2D;
}

/**
 * Cuts a network before its last layer. The parts use the network's own weights, and need no disposal.
 *
 * @throws WeightmapError if the network doesn't end in a fully connected layer without activation.
 */
export function cutBeforeLast(model: tf.LayersModel): CutNetwork {
  const last = model.layers.at(-1)!;
  if (last.getClassName() !== 'Dense' || last.getConfig().activation !== 'linear')
    throw new WeightmapError('The network has no features to work on.', {
      where: `its last layer, ${last.name}, is of the class ${last.getClassName()}`,
      expected: 'a network that ends in a fully connected layer without activation',
    });
  const input = last.input as tf.SymbolicTensor;
  const before = tf.model({ inputs: model.inputs, outputs: input });
  return {
    width: input.shape[1]!,
    features: (images) => before.apply(images, { training: false }) as tf.Tensor2D,
    answer: (features) => last.apply(features) as tf.Tensor2D,
  };
}
