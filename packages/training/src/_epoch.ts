import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { countOf, pick, randomStream, restoreStream, type ImageSet, type RandomState } from '@weightmap/core';
import { padCrop } from './augment.js';
import { packBatch } from './_packed-batch.js';
import type { trainingStep } from './step.js';
import type { TrainingConfig } from './training-config.js';

export interface Step {
  /** 1 … steps of the epoch. */
  readonly step: number;
  readonly images: number;
  readonly loss: number;
}

/** A place between two steps of an epoch: all that is needed to go on from it, but weights and optimizer. */
export interface EpochPosition {
  /** Steps done. */
  readonly step: number;
  /** Sum over the images of those steps. */
  readonly lossSum: number;
  /** Where the stream of the augmentation stands. */
  readonly augmentation: RandomState;
}

export interface EpochOptions {
  seed: number;
  epoch: number;
  /** Where an interrupted epoch goes on. */
  from: EpochPosition | null;
  signal?: AbortSignal;
  /** Hears each step's loss before the next step; what it throws ends the epoch. */
  onStep: (step: Step) => void;
  /** Called between steps; may keep the position. */
  onPosition: (position: () => EpochPosition) => Promise<void>;
}

/**
 * One pass over the training images in random order, the last, smaller batch included.
 *
 * Order and augmentation come from streams named after the epoch.
 *
 * @param descend one step on a batch: the loss before it.
 * @returns the mean loss over the images as they were met, or where the signal ended the epoch early.
 */
export async function trainEpoch(
  descend: ReturnType<typeof trainingStep>,
  set: ImageSet,
  { batchSize, augmentation }: Pick<TrainingConfig, 'batchSize' | 'augmentation'>,
  { seed, epoch, from, signal, onStep, onPosition }: EpochOptions,
): Promise<{ trainLoss: number } | { stoppedAt: EpochPosition }> {
  const order = randomStream(seed, 'shuffle', epoch).permutation(countOf(set));
  const shifts = from ? restoreStream(from.augmentation) : randomStream(seed, 'augment', epoch);
  let lossSum = from?.lossSum ?? 0;
  let done = from?.step ?? 0;
  const position = (): EpochPosition => ({ step: done, lossSum, augmentation: shifts.state() });
  for (let start = done * batchSize; start < order.length; start += batchSize) {
    if (signal?.aborted) return { stoppedAt: position() };
    const chosen = pick(set, order.subarray(start, start + batchSize));
    const batch = packBatch(augmentation === 'pad-crop' ? padCrop(chosen, shifts) : chosen);
    const loss = valueOf(descend(batch));
    tf.dispose([batch.pixels, batch.labels]);
    const images = countOf(chosen);
    lossSum += loss * images;
    onStep({ step: ++done, images, loss });
    await nextTurn(); // lets signals and progress through
    await onPosition(position);
  }
  return { trainLoss: lossSum / order.length };
}

/** The value of a scalar, which is disposed. */
function valueOf(scalar: tf.Scalar): number {
  const [value] = scalar.dataSync();
  scalar.dispose();
  return value;
}
