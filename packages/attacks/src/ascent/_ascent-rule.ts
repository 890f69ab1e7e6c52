import type * as tf from '@tensorflow/tfjs';
import type { VictimModel } from '@weightmap/core';
import type { Starts } from '../harness/_starts.js';

/** How far the steps of Auto-PGD go, and what the rule of a norm keeps to decide on that: [rows] each. */
export type Pace = {
  /** The step η. */
  readonly eta: tf.Tensor1D;
};

/** What a rule may look at. All [rows, …]. */
export type Climbed = {
  readonly images: tf.Tensor4D;
  /** Where the loss was largest since the start. */
  readonly best: tf.Tensor4D;
  readonly bestLoss: tf.Tensor1D;
  /** How often the loss rose since the checkpoint before. */
  readonly rises: tf.Tensor1D;
  /** The steps since the checkpoint before, and the radius: scalars. */
  readonly interval: tf.Tensor;
  readonly epsilon: tf.Tensor;
};

/** What Auto-PGD does differently in each norm. */
export interface AscentRule<P extends Pace = Pace> {
  /** The iterations after which `adjust` is asked. */
  due(steps: number): number[];
  /** Weight of a new step beside that of the step before; without, there is no momentum. */
  readonly momentum?: number;
  readonly noise: Starts;
  /** Where to begin, before it is confined. */
  begin(model: VictimModel, images: tf.Tensor4D, noise: tf.Tensor4D, epsilon: tf.Tensor): tf.Tensor4D;
  /** The nearest points within the ball and the bounds. */
  confine(model: VictimModel): (points: tf.Tensor4D, images: tf.Tensor4D, epsilon: tf.Tensor) => tf.Tensor4D;
  firstPace(loss: tf.Tensor1D, images: tf.Tensor4D, epsilon: tf.Tensor): P;
  /** Where a step of length 1 leads. */
  direction(gradient: tf.Tensor4D, pace: P): tf.Tensor4D;
  /** @returns the new pace, and where the search goes on from the best point so far: [rows], bool. */
  adjust(climbed: Climbed & P): { pace: P; back: tf.Tensor1D };
}
