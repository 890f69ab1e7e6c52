import type * as tf from '@tensorflow/tfjs';
import type { RandomState } from '@weightmap/core';
import { readAdamState, writeAdamState, type AdamState } from './_adam-state.js';
import { readWeights, trainableVariables, writeWeights, type Weights } from './_weights.js';
import type { EpochRecord } from './training-config.js';

/** A training run between two steps: all that a checkpoint keeps. */
export interface TrainingState {
  /** The epochs that are finished. */
  readonly history: readonly EpochRecord[];
  /** Wall-clock seconds of each epoch of the history. */
  readonly secondsPerEpoch: readonly number[];
  readonly weights: Weights;
  /** The epoch that the selection rule prefers so far, and its weights (the same object if it is the last). */
  readonly selected: { readonly epoch: number; readonly weights: Weights };
  readonly adam: AdamState;
  /** The place within the epoch after the last finished one; null at its beginning. */
  readonly position: EpochPosition | null;
}

/** A place between two steps of an epoch. */
export interface EpochPosition {
  /** Steps done. */
  readonly step: number;
  /** Sum over the images of those steps. */
  readonly lossSum: number;
  /** State of the random stream of the augmentation. */
  readonly augmentation: RandomState;
  /** Seconds of the epoch so far. */
  readonly seconds: number;
}

/** The state before the first step. */
export function initialState(model: tf.LayersModel, optimizer: tf.AdamOptimizer): TrainingState {
  const weights = readWeights(model);
  return {
    history: [],
    secondsPerEpoch: [],
    weights,
    selected: { epoch: 0, weights },
    adam: readAdamState(optimizer),
    position: null,
  };
}

/** Gives the model and a new optimizer the weights and moments of a state. */
export function restoreState(
  state: TrainingState,
  model: tf.LayersModel,
  optimizer: tf.AdamOptimizer,
): TrainingState {
  writeWeights(model, state.weights);
  writeAdamState(optimizer, state.adam, trainableVariables(model));
  return state;
}

/** Lower validation error, or the same and lower validation loss; the earlier one if both are the same. */
export function isBetter(candidate: EpochRecord, best: EpochRecord | undefined): boolean {
  if (!best) return true;
  if (candidate.validationErrorPercent !== best.validationErrorPercent)
    return candidate.validationErrorPercent < best.validationErrorPercent;
  return candidate.validationLoss < best.validationLoss;
}
