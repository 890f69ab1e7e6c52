import type * as tf from '@tensorflow/tfjs';
import { countOf, WeightmapError, type ImageSet } from '@weightmap/core';
import { readAdamState } from './_adam-state.js';
import type { TrainingState } from './_checkpoint-file.js';
import { divergence } from './_divergence.js';
import { trainEpoch, type EpochPosition, type Step } from './_epoch.js';
import type { Pace } from './_pace.js';
import { nonFiniteWeight, readWeights } from './_weights.js';
import { evaluateBy } from './evaluate.js';
import type { evaluationStep, trainingStep } from './step.js';
import type { EpochRecord, TrainingConfig } from './training-config.js';

/** What stays the same from epoch to epoch. */
export interface Run {
  readonly model: tf.LayersModel;
  readonly optimizer: tf.AdamOptimizer;
  readonly descend: ReturnType<typeof trainingStep>;
  readonly judge: ReturnType<typeof evaluationStep>;
  readonly data: { readonly train: ImageSet; readonly validation: ImageSet };
  readonly config: TrainingConfig;
  readonly seed: number;
  readonly checkpointDir?: string;
  readonly signal?: AbortSignal;
  readonly onStep: (step: Step & { epoch: number }) => void;
  readonly pace: Pace;
  /** Called between steps with what would have to be kept. */
  readonly onPosition: (state: () => TrainingState) => Promise<void>;
}

/** Where `advance` got to, and whether the signal ended it early. */
export interface Advanced {
  readonly state: TrainingState;
  readonly stopped: boolean;
}

/**
 * To the end of the epoch: training, validation, selection.
 *
 * @throws WeightmapError if the loss, a weight or the validation loss is no longer finite.
 */
export async function advance(run: Run, state: TrainingState): Promise<Advanced> {
  const { model, optimizer, data, config, seed, checkpointDir, signal } = run;
  const keptEpoch = state.history.length;
  const epoch = keptEpoch + 1;
  const steps = Math.ceil(countOf(data.train) / config.batchSize);
  let lastFiniteLoss = state.history.at(-1)?.trainLoss ?? null;
  const diverged = (step: number, what: string) =>
    divergence({
      epoch,
      step,
      steps,
      what,
      lastFiniteLoss,
      learningRate: config.learningRate,
      keptEpoch,
      checkpointDir,
    });

  const onStep = (step: Step) => {
    if (!Number.isFinite(step.loss)) throw diverged(step.step, `the loss became ${step.loss}`);
    lastFiniteLoss = step.loss;
    run.onStep({ ...step, epoch });
  };
  const readFiniteWeights = (step: number) => {
    // A kernel may turn NaN into 0 (ReLU does on some engines), so that no loss would show it.
    const weights = readWeights(model);
    const broken = nonFiniteWeight(model, weights);
    if (broken) throw diverged(step, `weight ${broken} became NaN or infinite`);
    return weights;
  };
  const at = (position: EpochPosition): TrainingState => ({
    ...state,
    weights: readFiniteWeights(position.step),
    adam: readAdamState(optimizer),
    position: { ...position, seconds: run.pace.soFar() },
  });
  const ended = await trainEpoch(run.descend, data.train, config, {
    ...{ seed, epoch, from: state.position, signal, onStep },
    onPosition: (position) => run.onPosition(() => at(position())),
  });
  if ('stoppedAt' in ended) {
    const isFurther = ended.stoppedAt.step > (state.position?.step ?? 0);
    return { state: isFurther ? at(ended.stoppedAt) : state, stopped: true };
  }
  const { trainLoss } = ended;

  const weights = readFiniteWeights(steps);
  const validation = await evaluateBy(run.judge, data.validation).catch((error: unknown) => {
    throw error instanceof WeightmapError
      ? diverged(steps, 'the validation loss became NaN or infinite')
      : error;
  });

  const record: EpochRecord = {
    epoch,
    trainLoss,
    validationLoss: validation.loss,
    validationErrorPercent: validation.errorPercent,
  };
  const preferred = config.selection === 'last' || isBetter(record, state.history[state.selected.epoch - 1]);
  return {
    stopped: false,
    state: {
      history: [...state.history, record],
      secondsPerEpoch: [...state.secondsPerEpoch, run.pace.epoch()],
      weights,
      selected: preferred ? { epoch, weights } : state.selected,
      adam: readAdamState(optimizer),
      position: null,
    },
  };
}

/** Lower validation error, or the same and lower validation loss; the earlier one if both are the same. */
function isBetter(candidate: EpochRecord, best: EpochRecord | undefined): boolean {
  if (!best) return true;
  if (candidate.validationErrorPercent !== best.validationErrorPercent)
    return candidate.validationErrorPercent < best.validationErrorPercent;
  return candidate.validationLoss < best.validationLoss;
}
