import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from './classifier.js';
import type { Batch } from './dataset.js';
import type { RandomStream } from './random.js';

/** Tensors by name: the inputs of a training step beside its images and labels. */
export type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/** The network in a training step. */
export interface TrainedNet {
  /**
   * The network in inference mode: batch normalisation by its moving statistics, which stay as they are. Inner attacks
   * differentiate it.
   */
  readonly frozen: Classifier;
  /**
   * The network in training mode: each call normalises by the batch's own statistics and moves the moving ones once.
   *
   * @param images [batch, height, width, channels] within the bounds.
   * @returns [batch, classes]
   */
  logits(images: tf.Tensor4D): tf.Tensor2D;
  /**
   * Softmax cross-entropy, mean over the batch: the loss of training without an objective.
   *
   * @param logits [batch, classes]
   * @param labels [batch], int32
   */
  crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar;
}

/** What may be differentiated before the loss is: the network in inference mode. */
export type FrozenNet = Pick<TrainedNet, 'frozen' | 'crossEntropy'>;

/** A training step, as a draw sees it. */
export interface DrawnStep {
  /** Shape of the step's images: [batch, height, width, channels]. */
  readonly shape: readonly [number, number, number, number];
  /** From 1. */
  readonly epoch: number;
  /** Index of the step in its epoch, from 0. */
  readonly step: number;
  /** Steps of an epoch. */
  readonly steps: number;
}

/**
 * Makes an input of a step that changes from step to step: random numbers, or a schedule.
 *
 * @param random this input's own stream. It is named after the input and the epoch, and its position is kept in checkpoints.
 * @returns a tensor, which the training disposes; a number, which becomes a scalar; or nothing. A step that lacks an
 *   input, or has it in another shape, is compiled on its own, so that a draw can decide what a step does.
 */
export type Draw = (step: DrawnStep, random: RandomStream) => tf.Tensor | number | undefined;

/**
 * A loss to train with, in place of the cross-entropy of the batch.
 *
 * Its functions are pure: they compute their results from their arguments, variables and constants, and read no value, since a
 * step is compiled together with the optimizer. What is random or changes with time comes from `draws`.
 */
export interface Objective {
  /** Tells this objective from others in checkpoints: a name and all options that change the weights. */
  readonly identity: string;
  /** Inputs that are drawn for each step, by name. */
  readonly draws?: Readonly<Record<string, Draw>>;
  /**
   * Computes constants of the loss before it is differentiated: adversarial images, for example. No gradient flows through
   * them to the weights.
   *
   * @returns tensors that `loss` gets among its inputs.
   */
  prepare?(net: FrozenNet, batch: Batch, inputs: NamedTensors): NamedTensors;
  /** The loss of a batch, which the step of the optimizer makes smaller. */
  loss(net: TrainedNet, batch: Batch, inputs: NamedTensors): tf.Scalar;
  /** Trained along with the network's weights, and kept in checkpoints. Whoever made the objective disposes them. */
  readonly auxiliary?: readonly tf.Variable[];
}
