import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { countOf, pick, randomStream, type ImageSet, type TrainingConfig } from '@weightmap/core';
import { padCrop } from './augment.js';
import { packBatch } from './_packed-batch.js';
import type { trainingStep } from './_step.js';

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
 * @param descend one step on a batch: the loss before it.
 * @param onStep hears each step's loss before the next step; what it throws ends the epoch.
 * @returns the mean loss over the images as they were met, or null if the signal ended the epoch early.
 */
export async function trainEpoch(
  descend: ReturnType<typeof trainingStep>,
  set: ImageSet,
  { batchSize, augmentation }: Pick<TrainingConfig, 'batchSize' | 'augmentation'>,
  {
    seed,
    epoch,
    signal,
    onStep,
  }: { seed: number; epoch: number; signal?: AbortSignal; onStep: (step: Step) => void },
): Promise<number | null> {
  const order = randomStream(seed, 'shuffle', epoch).permutation(countOf(set));
  const shifts = randomStream(seed, 'augment', epoch);
  let lossSum = 0;
  for (let start = 0, step = 1; start < order.length; start += batchSize, step++) {
    if (signal?.aborted) return null;
    const chosen = pick(set, order.subarray(start, start + batchSize));
    const batch = packBatch(augmentation === 'pad-crop' ? padCrop(chosen, shifts) : chosen);
    const loss = valueOf(descend(batch));
    tf.dispose([batch.pixels, batch.labels]);
    const images = countOf(chosen);
    lossSum += loss * images;
    onStep({ step, images, loss });
    await nextTurn(); // lets signals and progress through
  }
  return lossSum / order.length;
}

/** The value of a scalar, which is disposed. */
function valueOf(scalar: tf.Scalar): number {
  const [value] = scalar.dataSync();
  scalar.dispose();
  return value;
}
