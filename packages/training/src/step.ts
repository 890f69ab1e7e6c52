import type * as tf from '@tensorflow/tfjs';
import { compile, type CompiledStep } from '@weightmap/engine';
import { crossEntropy } from './loss.js';
import { imagesOf, type PackedBatch } from './_packed-batch.js';
import { trainableVariables } from './_weights.js';

/** Height, width and channels that a model takes. */
function sizeOf(model: tf.LayersModel): { height: number; width: number; channels: number } {
  const [, height, width, channels] = model.inputs[0].shape as [null, number, number, number];
  return { height, width, channels };
}

/**
 * One step of the optimizer on a batch, compiled where the engine can: the loss before it.
 *
 * Every step of a run is a compiled one, the first and those after a resume included: eager ones differ in the last
 * bits. The learning rate is the optimizer's at the time of the step.
 */
export function trainingStep(
  model: tf.LayersModel,
  optimizer: tf.Optimizer,
): CompiledStep<PackedBatch, tf.Scalar> {
  const variables = trainableVariables(model);
  const size = sizeOf(model);
  return compile((batch: PackedBatch) => {
    const images = imagesOf(batch, size);
    const lossOf = () => crossEntropy(model.apply(images, { training: true }) as tf.Tensor2D, batch.labels);
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

export function evaluationStep(model: tf.LayersModel): CompiledStep<PackedBatch, Judgement> {
  const size = sizeOf(model);
  return compile((batch: PackedBatch) => {
    const logits = model.apply(imagesOf(batch, size), { training: false }) as tf.Tensor2D;
    return { loss: crossEntropy(logits, batch.labels), predicted: logits.argMax<tf.Tensor1D>(1) };
  });
}
