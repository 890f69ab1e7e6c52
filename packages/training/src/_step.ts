import type * as tf from '@tensorflow/tfjs';
import type { Batch } from '@weightmap/core';
import { compile, type CompiledStep } from '@weightmap/engine';
import { crossEntropy } from './loss.js';
import { trainableVariables } from './_weights.js';

type Images = Pick<Batch, 'images' | 'labels'>;

/**
 * One step of the optimizer on a batch, compiled where the engine can: the loss before it.
 *
 * Every step of a run is a compiled one, the first and those after a resume included: eager ones differ in the last
 * bits. The learning rate is the optimizer's at the time of the step.
 */
export function trainingStep(
  model: tf.LayersModel,
  optimizer: tf.Optimizer,
): CompiledStep<Images, tf.Scalar> {
  const variables = trainableVariables(model);
  return compile(({ images, labels }: Images) => {
    const lossOf = () => crossEntropy(model.apply(images, { training: true }) as tf.Tensor2D, labels);
    return optimizer.minimize(lossOf, true, variables) as tf.Scalar;
  });
}

/** Loss and predicted classes of a batch, in inference mode. */
export interface Judgement {
  readonly [name: string]: tf.Tensor;
  readonly loss: tf.Scalar;
  /** [batch], int32 */
  readonly predicted: tf.Tensor1D;
}

export function evaluationStep(model: tf.LayersModel): CompiledStep<Images, Judgement> {
  return compile(({ images, labels }: Images) => {
    const logits = model.apply(images, { training: false }) as tf.Tensor2D;
    return { loss: crossEntropy(logits, labels), predicted: logits.argMax<tf.Tensor1D>(1) };
  });
}
