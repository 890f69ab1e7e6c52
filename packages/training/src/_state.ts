import type * as tf from '@tensorflow/tfjs';
import type { RandomState } from '@weightmap/core';
import { readAdamState, writeAdamState, type AdamState } from './_adam-state.js';
import {
  readVariables,
  readWeights,
  trainableVariables,
  writeVariables,
  writeWeights,
  type Weights,
} from './_weights.js';
import type { EpochRecord } from './training-config.js';

/** A training run between two steps: all that a checkpoint keeps. */
export interface TrainingState {
  /** The epochs that are finished. */
  readonly history: readonly EpochRecord[];
  /** Wall-clock seconds of each epoch of the history. */
  readonly secondsPerEpoch: readonly number[];
  readonly weights: Weights;
  /** What the objective trains along. */
  readonly auxiliary: Weights;
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
  /** States of the random streams of the objective's draws, by name; absent where it has none. */
  readonly draws?: Readonly<Record<string, RandomState>>;
  /** Seconds of the epoch so far. */
  readonly seconds: number;
}

/** What a step of training changes. */
interface Trained {
  readonly model: tf.LayersModel;
  readonly optimizer: tf.AdamOptimizer;
  /** Trained along with the model. */
  readonly auxiliary: readonly tf.Variable[];
}

/** The state before the first step. */
export function initialState({ model, optimizer, auxiliary }: Trained): TrainingState {
  const weights = readWeights(model);
  return {
    history: [],
    secondsPerEpoch: [],
    weights,
    auxiliary: readVariables(auxiliary),
    selected: { epoch: 0, weights },
    adam: readAdamState(optimizer),
    position: null,
  };
}

/** Gives the model, the auxiliary variables and a new optimizer the weights and moments of a state. */
export function restoreState(state: TrainingState, { model, optimizer, auxiliary }: Trained): TrainingState {
  writeWeights(model, state.weights);
  writeVariables(auxiliary, state.auxiliary);
  writeAdamState(optimizer, state.adam, [...trainableVariables(model), ...auxiliary]);
  return state;
}

/**
 * Lower validation error under the attack where it was measured; if there is none or it is the same, lower validation error;
 * if that is the same, too, lower validation loss; the earlier one if all are the same.
 */
export function isBetter(candidate: EpochRecord, best: EpochRecord | undefined): boolean {
  if (!best) return true;
  const criteria = ['validationRobustErrorPercent', 'validationErrorPercent', 'validationLoss'] as const;
  const decisive = criteria.find((name) => candidate[name] !== best[name]);
  return decisive !== undefined && candidate[decisive]! < best[decisive]!;
}
