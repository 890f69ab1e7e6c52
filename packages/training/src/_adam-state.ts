import * as tf from '@tensorflow/tfjs';
import { adamFields } from '@weightmap/engine';

/**
 * An Adam optimizer with the constants of Kingma & Ba (2015), which are also PyTorch's:
 * θ ← θ − η·m̂ / (√v̂ + ε), β₁ = 0.9, β₂ = 0.999, ε = 1e-8. (Keras and tfjs use ε = 1e-7 by default.)
 */
export const adam = (learningRate: number): tf.AdamOptimizer => tf.train.adam(learningRate, 0.9, 0.999, 1e-8);

/** Everything that Adam keeps from step to step. */
export interface AdamState {
  readonly iterations: number;
  /** β₁ᵗ⁺¹ and β₂ᵗ⁺¹ as running products of t steps in float32. */
  readonly betaPowers: readonly [number, number];
  /** One array for each trainable weight, in the model's order; empty before the first step. */
  readonly firstMoments: readonly Float32Array[];
  readonly secondMoments: readonly Float32Array[];
}

const valuesOf = (tensor: tf.Tensor) => Float32Array.from(tensor.dataSync());

/** Copies the optimizer's state. */
export function readAdamState(optimizer: tf.AdamOptimizer): AdamState {
  const fields = adamFields(optimizer);
  return {
    iterations: optimizer.iterations,
    betaPowers: [fields.accBeta1.dataSync()[0], fields.accBeta2.dataSync()[0]],
    firstMoments: fields.accumulatedFirstMoment.map(({ variable }) => valuesOf(variable)),
    secondMoments: fields.accumulatedSecondMoment.map(({ variable }) => valuesOf(variable)),
  };
}

/**
 * Restores a state in a new optimizer, which then owns the tensors made for it.
 *
 * @param variables the trainable weights, in the model's order.
 */
export function writeAdamState(
  optimizer: tf.AdamOptimizer,
  state: AdamState,
  variables: tf.Variable[],
): void {
  const fields = adamFields(optimizer);
  const slots = (moments: readonly Float32Array[], suffix: string) =>
    moments.map((values, i) => ({
      originalName: `${variables[i].name}/${suffix}`,
      variable: tf.tidy(() => tf.tensor(values, variables[i].shape).variable(false)),
    }));
  fields.iterations_ = state.iterations;
  tf.tidy(() => {
    fields.accBeta1.assign(tf.scalar(state.betaPowers[0]));
    fields.accBeta2.assign(tf.scalar(state.betaPowers[1]));
  });
  fields.accumulatedFirstMoment = slots(state.firstMoments, 'm');
  fields.accumulatedSecondMoment = slots(state.secondMoments, 'v');
}
