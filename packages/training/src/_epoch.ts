import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import {
  countOf,
  pick,
  randomStream,
  tensorsOf,
  type Batch,
  type ImageSet,
  type TrainingConfig,
} from '@weightmap/core';
import { padCrop } from './augment.js';
import { crossEntropy } from './loss.js';
import { trainableVariables } from './_weights.js';

export interface Step {
  /** 1 … steps of the epoch. */
  readonly step: number;
  readonly images: number;
  readonly loss: number;
}

/**
 * One pass over the training images in random order, the last, smaller batch included.
 *
 * Order and augmentation come from streams named after the epoch: to go on from an epoch's end
 * takes no stored position.
 *
 * @param onStep hears each step's loss before the next step; what it throws ends the epoch.
 * @returns the mean loss over the images as they were met, or null if the signal ended the epoch early.
 */
export async function trainEpoch(
  model: tf.LayersModel,
  optimizer: tf.Optimizer,
  set: ImageSet,
  { batchSize, augmentation }: Pick<TrainingConfig, 'batchSize' | 'augmentation'>,
  {
    seed,
    epoch,
    signal,
    onStep,
  }: { seed: number; epoch: number; signal?: AbortSignal; onStep: (step: Step) => void },
): Promise<number | null> {
  const variables = trainableVariables(model);
  const order = randomStream(seed, 'shuffle', epoch).permutation(countOf(set));
  const shifts = randomStream(seed, 'augment', epoch);
  let lossSum = 0;
  for (let start = 0, step = 1; start < order.length; start += batchSize, step++) {
    if (signal?.aborted) return null;
    const chosen = pick(set, order.subarray(start, start + batchSize));
    const batch = tensorsOf(augmentation === 'pad-crop' ? padCrop(chosen, shifts) : chosen);
    const loss = descend(model, optimizer, variables, batch);
    const images = countOf(chosen);
    lossSum += loss * images;
    onStep({ step, images, loss });
    await nextTurn(); // lets signals and progress through
  }
  return lossSum / order.length;
}

/** One step on a batch, which is disposed; the loss before it. */
function descend(
  model: tf.LayersModel,
  optimizer: tf.Optimizer,
  variables: tf.Variable[],
  { images, labels }: Batch,
): number {
  const lossOf = () => crossEntropy(model.apply(images, { training: true }) as tf.Tensor2D, labels);
  const loss = optimizer.minimize(lossOf, true, variables) as tf.Scalar;
  const value = loss.dataSync()[0];
  tf.dispose([images, labels, loss]);
  return value;
}
