import type * as tf from '@tensorflow/tfjs';
import type { VictimModel } from '@weightmap/core';
import type { Starts } from '../harness/_starts.js';

/** The step sizes of Auto-PGD, with the values that a norm's rule needs to adapt them: [rows] each. */
export type Pace = {
  /** The step η. */
  readonly eta: tf.Tensor1D;
};

/** The state of the search that a rule may use. All [rows, …]. */
export type Climbed = {
  readonly images: tf.Tensor4D;
  /** The point of largest loss since the start. */
  readonly best: tf.Tensor4D;
  readonly bestLoss: tf.Tensor1D;
  /** How often the loss rose since the previous checkpoint. */
  readonly rises: tf.Tensor1D;
  /** The number of steps since the previous checkpoint, and the radius: scalars. */
  readonly interval: tf.Tensor;
  readonly epsilon: tf.Tensor;
};

/** The parts of Auto-PGD that depend on the norm. */
export interface AscentRule<P extends Pace = Pace> {
  /** The iterations after which `adjust` is called. */
  due(steps: number): number[];
  /** The weight of a new step relative to the previous one; absent without momentum. */
  readonly momentum?: number;
  readonly noise: Starts;
  /** The start, before it is confined. */
  begin(model: VictimModel, images: tf.Tensor4D, noise: tf.Tensor4D, epsilon: tf.Tensor): tf.Tensor4D;
  /** Projects points onto the ball and the bounds. */
  confine(model: VictimModel): (points: tf.Tensor4D, images: tf.Tensor4D, epsilon: tf.Tensor) => tf.Tensor4D;
  firstPace(loss: tf.Tensor1D, images: tf.Tensor4D, epsilon: tf.Tensor): P;
  /** The direction of a step, of length 1. */
  direction(gradient: tf.Tensor4D, pace: P): tf.Tensor4D;
  /** @returns the new step sizes, and which images continue from their best point: [rows], bool. */
  adjust(climbed: Climbed & P): { pace: P; back: tf.Tensor1D };
}
