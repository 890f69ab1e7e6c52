import type * as tf from '@tensorflow/tfjs';

/** Counts the trainable parameters of a model; weights that several layers share count once. */
export const trainableParameters = (model: tf.LayersModel): number =>
  model.trainableWeights.reduce(
    (sum, { shape }) => sum + shape.reduce((size: number, length) => size * (length as number), 1),
    0,
  );
