import * as tf from '@tensorflow/tfjs';

/**
 * A copy of all weights of a model in the order of `model.weights`, the moving statistics of batch normalisation included.
 * It is in JavaScript's memory, where no kernel can change it.
 */
export type Weights = readonly Float32Array[];

export const readWeights = (model: tf.LayersModel): Weights =>
  model.weights.map((weight) => Float32Array.from(weight.read().dataSync()));

export function writeWeights(model: tf.LayersModel, weights: Weights): void {
  tf.tidy(() =>
    model.weights.forEach((weight, i) => {
      weight.write(tf.tensor(weights[i], weight.shape as number[]));
    }),
  );
}

/** Copies of the values of variables that are no weights of the model. */
export const readVariables = (variables: readonly tf.Variable[]): Weights =>
  variables.map((variable) => Float32Array.from(variable.dataSync()));

export function writeVariables(variables: readonly tf.Variable[], values: Weights): void {
  tf.tidy(() => variables.forEach((variable, i) => variable.assign(tf.tensor(values[i], variable.shape))));
}

/** The trainable variables, in the model's order. */
export const trainableVariables = (model: tf.LayersModel): tf.Variable[] =>
  model.trainableWeights.map((weight) => weight.read() as tf.Variable);

/** The name of the first weight that holds NaN or an infinity, or undefined. */
export function nonFiniteWeight(model: tf.LayersModel, weights: Weights): string | undefined {
  const index = weights.findIndex((values) => !values.every(Number.isFinite));
  return model.weights[index]?.originalName;
}
