import type * as tf from '@tensorflow/tfjs';
import {
  countOf,
  WeightmapError,
  type EpochRecord,
  type ImageSet,
  type OnProgress,
  type TrainingConfig,
} from '@weightmap/core';
import { adam, readAdamState, writeAdamState } from './_adam-state.js';
import { checkArguments } from './_arguments.js';
import type { TrainingState } from './_checkpoint-file.js';
import { divergence } from './_divergence.js';
import { trainEpoch } from './_epoch.js';
import { identityOf } from './_identity.js';
import { startPace } from './_progress.js';
import { nonFiniteWeight, readWeights, trainableVariables, writeWeights } from './_weights.js';
import { openCheckpoints } from './checkpoint.js';
import { evaluate } from './evaluate.js';

export interface TrainingData {
  readonly train: ImageSet;
  readonly validation: ImageSet;
}

/** An epoch, as `onEpoch` hears of it. */
export interface EpochReport extends EpochRecord {
  /** Wall-clock seconds it took, validation included. */
  readonly seconds: number;
  /** Seconds until the last epoch ends, by the mean of the epochs so far. */
  readonly secondsLeft: number;
  /** Whether it was read from a checkpoint. */
  readonly resumed: boolean;
}

export interface TrainingOptions {
  /** Decides the order of the images and their augmentation. The initial weights are the model's. */
  seed: number;
  /** Where the run is kept after each epoch and continued from; belongs to this run alone. Default: nowhere. */
  checkpointDir?: string;
  /** Stops after the current step; the epoch that it falls into is dropped. */
  signal?: AbortSignal;
  /** Once for each epoch in order, those of a checkpoint first. */
  onEpoch?: (epoch: EpochReport) => void;
  /** After each step: stage `train`, figures epoch, loss, imagesPerSecond, secondsLeft. */
  onProgress?: OnProgress;
  /** What a person should know: a damaged checkpoint, a recovery, a change of engine. */
  onNote?: (note: string) => void;
}

export interface TrainingResult {
  readonly history: readonly EpochRecord[];
  /** The epoch whose weights the model holds; 0 if none was finished (the initial weights). */
  readonly selectedEpoch: number;
  /** The epoch after which a checkpoint was continued, null if the run began at the beginning. */
  readonly resumedFromEpoch: number | null;
  /** Whether the signal ended it early. */
  readonly stopped: boolean;
  /** Wall-clock seconds of all epochs of the history, those before a resume included. */
  readonly seconds: number;
}

/**
 * Trains a classifier with Adam (β₁ = 0.9, β₂ = 0.999, ε = 1e-8) on softmax cross-entropy of its
 * logits, and validates it after each epoch.
 *
 * Batch normalisation uses a batch's own statistics in training, where its moving ones are updated
 * once a step, and the moving ones in validation. After an interruption the same call continues from
 * the last epoch's checkpoint, to the same weights bit for bit as without it (same engine, same
 * number of threads, no layers with randomness of their own such as dropout).
 *
 * @param model maps [batch, height, width, channels] in [0, 1] to logits [batch, classes], no softmax.
 *   It ends with the weights of the selected epoch: the lowest validation error (then the lowest
 *   validation loss, then the earliest) for `best`, the last one for `last`.
 * @throws WeightmapError if model and data don't fit, if the loss or a weight becomes NaN or infinite,
 *   if the checkpoint belongs to another run, or if it can't be written.
 */
export async function train(
  model: tf.LayersModel,
  data: TrainingData,
  config: TrainingConfig,
  { seed, checkpointDir, signal, onEpoch, onProgress, onNote = () => {} }: TrainingOptions,
): Promise<TrainingResult> {
  checkArguments(model, data, config);
  const { epochs, batchSize, learningRate, selection } = config;
  const identity = checkpointDir ? identityOf(model, data, config, seed) : null;
  const checkpoints = checkpointDir && identity ? openCheckpoints(checkpointDir, identity, onNote) : null;
  const stored = (await checkpoints?.load()) ?? null;
  const storedEpochs = stored?.history.length ?? 0;
  if (storedEpochs > epochs)
    throw new WeightmapError(`The checkpoint has ${storedEpochs} epochs already.`, {
      where: checkpointDir,
      expected: `at most ${epochs}, the number asked for`,
      fix: `Ask for ${storedEpochs} epochs or more, or name another folder for checkpoints.`,
    });

  const optimizer = adam(learningRate);
  let state = stored ?? initialState(model, readAdamState(optimizer));
  try {
    if (stored) {
      writeWeights(model, state.weights);
      writeAdamState(optimizer, state.adam, trainableVariables(model));
    }
    for (let epoch = 1; epoch <= storedEpochs; epoch++) report(epoch, true);

    const steps = Math.ceil(countOf(data.train) / batchSize);
    const pace = startPace(steps * (epochs - storedEpochs));
    let lastFiniteLoss = state.history.at(-1)?.trainLoss ?? null;
    for (let epoch = storedEpochs + 1; epoch <= epochs; epoch++) {
      const diverged = (step: number, what: string) =>
        divergence({
          epoch,
          step,
          steps,
          what,
          lastFiniteLoss,
          learningRate,
          keptEpoch: state.history.length,
          checkpointDir,
        });

      const trainLoss = await trainEpoch(model, optimizer, data.train, config, {
        seed,
        epoch,
        signal,
        onStep({ step, images, loss }) {
          if (!Number.isFinite(loss)) throw diverged(step, `the loss became ${loss}`);
          lastFiniteLoss = loss;
          const done = (epoch - 1) * steps + step;
          const figures = { epoch, loss, ...pace.step(images) };
          onProgress?.({ stage: 'train', done, total: epochs * steps, figures });
        },
      });
      if (trainLoss === null) break;

      const weights = readWeights(model);
      const broken = nonFiniteWeight(model, weights);
      if (broken) throw diverged(steps, `weight ${broken} became NaN or infinite`);
      const validation = await evaluate(model, data.validation).catch((error: Error) => {
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
      const preferred = selection === 'last' || isBetter(record, state.history[state.selected.epoch - 1]);
      state = {
        history: [...state.history, record],
        secondsPerEpoch: [...state.secondsPerEpoch, pace.epoch()],
        weights,
        selected: preferred ? { epoch, weights } : state.selected,
        adam: readAdamState(optimizer),
      };
      await checkpoints?.save(state);
      report(epoch, false);
    }
    writeWeights(model, state.selected.weights);
  } catch (error) {
    writeWeights(model, state.weights);
    throw error;
  } finally {
    optimizer.dispose();
  }
  return {
    history: state.history,
    selectedEpoch: state.selected.epoch,
    resumedFromEpoch: stored && storedEpochs,
    stopped: state.history.length < epochs,
    seconds: sum(state.secondsPerEpoch),
  };

  function report(epoch: number, resumed: boolean): void {
    const { history, secondsPerEpoch } = state;
    const secondsLeft = (sum(secondsPerEpoch) / secondsPerEpoch.length) * (epochs - epoch);
    onEpoch?.({ ...history[epoch - 1], seconds: secondsPerEpoch[epoch - 1], secondsLeft, resumed });
  }
}

function initialState(model: tf.LayersModel, adamState: TrainingState['adam']): TrainingState {
  const weights = readWeights(model);
  return { history: [], secondsPerEpoch: [], weights, selected: { epoch: 0, weights }, adam: adamState };
}

/** Lower validation error, or the same and lower validation loss. */
function isBetter(candidate: EpochRecord, best: EpochRecord | undefined): boolean {
  if (!best) return true;
  if (candidate.validationErrorPercent !== best.validationErrorPercent)
    return candidate.validationErrorPercent < best.validationErrorPercent;
  return candidate.validationLoss < best.validationLoss;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
