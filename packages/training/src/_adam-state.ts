import * as tf from '@tensorflow/tfjs';

/**
 * Adam of Kingma & Ba (2015) with their constants, which PyTorch shares:
 * θ ← θ − η·m̂ / (√v̂ + ε), β₁ = 0.9, β₂ = 0.999, ε = 1e-8. (Keras and tfjs default to ε = 1e-7.)
 */
export const adam = (learningRate: number): tf.AdamOptimizer => tf.train.adam(learningRate, 0.9, 0.999, 1e-8);

/** Everything Adam remembers between two steps. */
export interface AdamState {
  readonly iterations: number;
  /** β₁ᵗ⁺¹ and β₂ᵗ⁺¹ as running products in float32. */
  readonly betaPowers: readonly [number, number];
  /** One array a trainable weight, in the model's order; empty before the first step. */
  readonly firstMoments: readonly Float32Array[];
  readonly secondMoments: readonly Float32Array[];
}

interface Slot {
  originalName: string;
  variable: tf.Variable;
}

/**
 * The private fields of tfjs's AdamOptimizer. Its own setWeights computes the powers of β anew as
 * βᵗ⁺¹, which differs in the last bits from the product that t steps made: resuming wouldn't be exact.
 */
interface AdamFields {
  iterations_: number;
  accBeta1: tf.Variable;
  accBeta2: tf.Variable;
  accumulatedFirstMoment: Slot[];
  accumulatedSecondMoment: Slot[];
}

const fieldsOf = (optimizer: tf.AdamOptimizer) => optimizer as unknown as AdamFields;

const valuesOf = (tensor: tf.Tensor) => Float32Array.from(tensor.dataSync());

/** A copy of the optimizer's state. */
export function readAdamState(optimizer: tf.AdamOptimizer): AdamState {
  const fields = fieldsOf(optimizer);
  return {
    iterations: optimizer.iterations,
    betaPowers: [fields.accBeta1.dataSync()[0], fields.accBeta2.dataSync()[0]],
    firstMoments: fields.accumulatedFirstMoment.map(({ variable }) => valuesOf(variable)),
    secondMoments: fields.accumulatedSecondMoment.map(({ variable }) => valuesOf(variable)),
  };
}

/**
 * Puts a state into a fresh optimizer, which owns the tensors made for it.
 *
 * @param variables the trainable weights, in the model's order.
 */
export function writeAdamState(
  optimizer: tf.AdamOptimizer,
  state: AdamState,
  variables: tf.Variable[],
): void {
  const fields = fieldsOf(optimizer);
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
