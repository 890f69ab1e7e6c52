import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import {
  asClassifier,
  checkImageSet,
  countOf,
  sliceOf,
  WeightmapError,
  type ImageSet,
} from '@weightmap/core';
import { evaluationStep, packBatch } from './step.js';

const BATCH_SIZE = 500;

/** Loss and error of a model on a set of images. */
export interface Evaluation {
  /** Cross-entropy, mean over the images. */
  readonly loss: number;
  /** Share of images whose largest logit is not the label's, 0 … 100. */
  readonly errorPercent: number;
  /** Number of images whose largest logit is the label's. */
  readonly correct: number;
  /** Number of images of the set. */
  readonly count: number;
}

/**
 * Measures loss and error in inference mode: batch normalisation by its moving statistics, no augmentation.
 *
 * @param model maps [batch, height, width, channels] in [0, 1] to logits [batch, classes].
 * @param batchSize images in a forward pass; changes time, memory and the last digits of the loss.
 * @throws WeightmapError if the set is empty, the model gives no logits of images (see `asClassifier`), or a logit is NaN or
 *   infinite.
 */
export async function evaluate(
  model: tf.LayersModel,
  set: ImageSet,
  { batchSize = BATCH_SIZE }: { batchSize?: number } = {},
): Promise<Evaluation> {
  asClassifier(model); // gives logits of images
  checkImageSet(set);
  const judge = evaluationStep(model);
  try {
    return await evaluateBy(judge, set, { batchSize });
  } finally {
    judge.dispose();
  }
}

/** The same by a step that the caller keeps. */
export async function evaluateBy(
  judge: ReturnType<typeof evaluationStep>,
  set: ImageSet,
  { batchSize = BATCH_SIZE }: { batchSize?: number } = {},
): Promise<Evaluation> {
  const count = countOf(set);
  if (count === 0)
    throw new WeightmapError('A model cannot be evaluated on no images.', { expected: 'at least one image' });
  let [lossSum, correct] = [0, 0];
  for (let start = 0; start < count; start += batchSize) {
    const batch = sliceOf(set, start, batchSize);
    const [loss, right] = tf.tidy(() => {
      const judged = judge(packBatch(batch));
      // Counted in JavaScript: a batch has few predictions, and the count is exact.
      const predicted = judged.predicted.dataSync();
      const hits = batch.labels.reduce((n, label, i) => n + Number(predicted[i] === label), 0);
      return [judged.loss.dataSync()[0], hits] as const;
    });
    if (!Number.isFinite(loss))
      throw new WeightmapError(`The model's loss is ${loss}.`, {
        where: `images ${start} … ${start + countOf(batch) - 1} of ${count}`,
        expected: 'finite logits for every image',
        fix: 'Train the model again with a smaller learning rate, or look for damaged weights.',
      });
    lossSum += loss * countOf(batch);
    correct += right;
    await nextTurn();
  }
  return { loss: lossSum / count, errorPercent: (100 * (count - correct)) / count, correct, count };
}
