import type * as tf from '@tensorflow/tfjs';
import { argumentError, show } from './_argument-error.js';

/** What every tfjs layer takes: name, inputShape, trainable, … */
export type LayerArgs = NonNullable<ConstructorParameters<typeof tf.layers.Layer>[0]>;

/** The one tensor that a layer with one input was called with. */
export function soleTensor(where: string, inputs: tf.Tensor | tf.Tensor[]): tf.Tensor4D {
  const tensors = Array.isArray(inputs) ? inputs : [inputs];
  if (tensors.length !== 1) throw argumentError(where, `got ${tensors.length} inputs`, 'one');
  return tensors[0] as tf.Tensor4D;
}

/** [height, width, channels] of the input that a layer is built for. */
export function imageShape(where: string, inputShape: tf.Shape | tf.Shape[]): [number, number, number] {
  const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as tf.Shape;
  const sizes = shape.slice(1);
  if (shape.length !== 4 || sizes.some((size) => size === null || size === undefined))
    throw argumentError(
      where,
      `got inputs of shape ${show(shape)}`,
      '[batch, height, width, channels] with all but batch known: there is a weight for every pixel',
    );
  return sizes as [number, number, number];
}
