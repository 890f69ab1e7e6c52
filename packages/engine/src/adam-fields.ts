import type * as tf from '@tensorflow/tfjs';

/** A moment of a weight, as tfjs's Adam keeps it. */
interface Moment {
  originalName: string;
  variable: tf.Variable;
}

/** The private fields of tfjs's `AdamOptimizer`. */
export interface AdamFields {
  /** Steps taken. */
  iterations_: number;
  /** η. */
  learningRate: number;
  /** β₁. */
  beta1: number;
  /** β₂. */
  beta2: number;
  /** ε. */
  epsilon: number;
  /** β₁ᵗ⁺¹ as the running product of t steps, a float32 scalar. */
  accBeta1: tf.Variable;
  /** β₂ᵗ⁺¹. */
  accBeta2: tf.Variable;
  /** m, one for each trainable weight in the model's order; empty before the first step. */
  accumulatedFirstMoment: Moment[];
  /** v, likewise. */
  accumulatedSecondMoment: Moment[];
}

/**
 * The state of tfjs's Adam: its constants, its step count, and the variables that hold powers and moments. For checkpoints and
 * for anything else that must read or restore the exact state: the optimizer's own `setWeights` computes the powers of β anew,
 * which differs in the last bits.
 */
export const adamFields = (optimizer: tf.AdamOptimizer): AdamFields => optimizer as unknown as AdamFields;
