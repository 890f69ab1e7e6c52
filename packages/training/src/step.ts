import * as tf from '@tensorflow/tfjs';
import {
  asClassifier,
  type ImageSet,
  type NamedTensors,
  type Objective,
  type TrainedNet,
} from '@weightmap/core';
import {
  compile,
  packPixels,
  sparseSoftmaxCrossEntropy,
  unpackPixels,
  type CompiledStep,
} from '@weightmap/engine';
import { trainableVariables } from './_weights.js';

/** A batch as a compiled step takes it: pixels as bytes, which the step itself turns into floats. */
export interface PackedBatch {
  readonly [name: string]: tf.Tensor;
  /** Packed pixels; `unpackPixels` of `@weightmap/engine` reads them. */
  readonly pixels: tf.Tensor;
  /** [batch], int32. */
  readonly labels: tf.Tensor1D;
}

/** Packs images and labels for `trainingStep`. The caller disposes both tensors. */
export const packBatch = ({ pixels, labels }: Pick<ImageSet, 'pixels' | 'labels'>): PackedBatch => ({
  pixels: packPixels(pixels),
  labels: tf.tensor1d(Int32Array.from(labels), 'int32'),
});

/** Compiles a function of a model's images and labels as a step on packed batches. */
function stepOf<Result extends tf.Tensor | Readonly<Record<string, tf.Tensor>>>(
  model: tf.LayersModel,
  step: (images: tf.Tensor4D, labels: tf.Tensor1D, inputs: NamedTensors) => Result,
): CompiledStep<PackedBatch, Result> {
  const [, height, width, channels] = model.inputs[0].shape as [null, number, number, number];
  return compile(({ pixels, labels, ...inputs }: PackedBatch) =>
    step(unpackPixels<tf.Rank.R4>(pixels, [labels.shape[0], height, width, channels]), labels, inputs),
  );
}

/** The cross-entropy of the batch: what is trained with unless there is another objective. */
const plain: Pick<Objective, 'loss' | 'prepare' | 'auxiliary'> = {
  loss: (net, { images, labels }) => net.crossEntropy(net.logits(images), labels),
};

/** The network of a step, for its objective. */
const trainedNet = (model: tf.LayersModel): TrainedNet => ({
  // Only where it is asked for: it refuses models that the cross-entropy alone can train.
  get frozen() {
    return asClassifier(model);
  },
  logits: (images) => model.apply(images, { training: true }) as tf.Tensor2D,
  crossEntropy,
});

/**
 * Makes the step of the optimizer on a batch, compiled where the engine can. The step returns the loss before the update.
 *
 * A run must use the compiled step from the first step on, also after a resume: eager steps differ in the last bits. The learning
 * rate is the optimizer's at the time of the step.
 *
 * @param objective the loss; the softmax cross-entropy of the batch by default. What it draws is to be among the step's inputs,
 *   beside `pixels` and `labels`.
 */
export function trainingStep(
  model: tf.LayersModel,
  optimizer: tf.Optimizer,
  objective: Pick<Objective, 'loss' | 'prepare' | 'auxiliary'> = plain,
): CompiledStep<PackedBatch, tf.Scalar> {
  const variables = [...trainableVariables(model), ...(objective.auxiliary ?? [])];
  const net = trainedNet(model);
  return stepOf(model, (images, labels, drawn) => {
    const batch = { images, labels };
    const inputs = { ...drawn, ...objective.prepare?.(net, batch, drawn) };
    return optimizer.minimize(() => objective.loss(net, batch, inputs), true, variables) as tf.Scalar;
  });
}

/** Loss and predicted classes of a batch, in inference mode. */
export interface Judgement {
  readonly [name: string]: tf.Tensor;
  readonly loss: tf.Scalar;
  /** [batch], int32 */
  readonly predicted: tf.Tensor1D;
}

export const evaluationStep = (model: tf.LayersModel): CompiledStep<PackedBatch, Judgement> =>
  stepOf(model, (images, labels): Judgement => {
    const logits = model.apply(images, { training: false }) as tf.Tensor2D;
    return { loss: crossEntropy(logits, labels), predicted: logits.argMax<tf.Tensor1D>(1) };
  });

/**
 * Softmax cross-entropy of logits, mean over the batch:
 * L = 1/B · Σ_b (log Σ_c exp z[b,c] − z[b, label_b]), with gradient (softmax(z) − onehot(label)) / B.
 *
 * Works on the logits themselves. tfjs's `categoricalCrossentropy` clips probabilities to [1e-7, 1 − 1e-7] instead, so that
 * its gradient is exactly zero for confident samples: training would ignore them, and they would look robust to any attack
 * that follows the gradient.
 *
 * @param logits [batch, classes], unnormalised; any finite values.
 * @param labels [batch], int32, class indices.
 * @returns a scalar, owned by the caller.
 */
export const crossEntropy = (logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar =>
  sparseSoftmaxCrossEntropy(logits, labels);
