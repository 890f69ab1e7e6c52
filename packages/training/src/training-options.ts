import type { Attack, ImageSet, Objective, OnProgress } from '@weightmap/core';
import type { EpochRecord } from './training-config.js';

/** The parts of a dataset that training uses; a `Dataset` has both. */
export interface TrainingData {
  /** The images that the weights are trained on. */
  readonly train: ImageSet;
  /** The images that the epoch is selected by; never trained on. */
  readonly validation: ImageSet;
}

/** A finished epoch, as `onEpoch` receives it. */
export interface EpochReport extends EpochRecord {
  /** Wall-clock seconds of the epoch, validation included. */
  readonly seconds: number;
  /** Seconds until the last epoch ends, estimated by the mean of the epochs so far. */
  readonly secondsLeft: number;
  /** Whether it was read from a checkpoint. */
  readonly resumed: boolean;
}

/** Seed, checkpoints, stop signal and callbacks of a training run. */
export interface TrainingOptions {
  /** Decides the order of the images and their augmentation. The initial weights are the model's own. */
  seed: number;
  /** The loss to train with. Default: the softmax cross-entropy of the batch. */
  objective?: Objective;
  /**
   * The attack that epochs are selected by, PGD of 10 steps for example; for the selection `robust` alone, which needs it. It
   * gets the same random numbers after every epoch.
   */
  selectionAttack?: Attack;
  /** Folder for checkpoints, used by this run alone. Default: none, and no resume. */
  checkpointDir?: string;
  /** Seconds between checkpoints within an epoch. There is also one after each epoch, and when the signal stops. Default: 60. */
  checkpointSeconds?: number;
  /** Stops the run after the current step. */
  signal?: AbortSignal;
  /** Called once for each epoch in order, those of a checkpoint first. */
  onEpoch?: (epoch: EpochReport) => void;
  /** Called after each step, with the stage `train` and the figures epoch, loss, imagesPerSecond and secondsLeft. */
  onProgress?: OnProgress;
  /** Called with notes for people: a damaged checkpoint, a recovery, a change of engine. */
  onNote?: (note: string) => void;
}

/** The history of a run; the trained weights are in the model. */
export interface TrainingResult {
  /** One row for each finished epoch, those of a checkpoint included. */
  readonly history: readonly EpochRecord[];
  /** The epoch whose weights the model has; 0 if none was finished (the initial weights). */
  readonly selectedEpoch: number;
  /** Number of finished epochs in the checkpoint that was continued; null if the run started from the beginning. */
  readonly resumedFromEpoch: number | null;
  /** Whether the signal stopped it before the last epoch. */
  readonly stopped: boolean;
  /** Wall-clock seconds of all epochs of the history, those before a resume included. */
  readonly seconds: number;
}
