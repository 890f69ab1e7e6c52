import type * as tf from '@tensorflow/tfjs';
import { countOf, WeightmapError, type ImageSet, type OnProgress } from '@weightmap/core';
import { adam, readAdamState, writeAdamState } from './_adam-state.js';
import { advance, type Run } from './_state.js';
import { checkArguments } from './_arguments.js';
import type { TrainingState } from './_checkpoint-file.js';
import { identityOf } from './_identity.js';
import { startPace } from './_pace.js';
import { evaluationStep, trainingStep } from './step.js';
import { readWeights, trainableVariables, writeWeights } from './_weights.js';
import { openCheckpoints } from './checkpoint.js';
import type { EpochRecord, TrainingConfig } from './training-config.js';

/** The parts of a dataset that training sees; a `Dataset` has both. */
export interface TrainingData {
  /** What weights are learned from. */
  readonly train: ImageSet;
  /** What the epoch is selected by; never trained on. */
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

/** The seed, where the run is kept, how to stop it, and who hears of it. */
export interface TrainingOptions {
  /** Decides the order of the images and their augmentation. The initial weights are the model's. */
  seed: number;
  /** Where the run is kept and continued from; belongs to this run alone. Default: nowhere. */
  checkpointDir?: string;
  /** It is kept after each epoch, when the signal stops it, and within an epoch after so many seconds. Default: 60. */
  checkpointSeconds?: number;
  /** Stops after the current step. */
  signal?: AbortSignal;
  /** Once for each epoch in order, those of a checkpoint first. */
  onEpoch?: (epoch: EpochReport) => void;
  /** After each step: stage `train`, figures epoch, loss, imagesPerSecond, secondsLeft. */
  onProgress?: OnProgress;
  /** What a person should know: a damaged checkpoint, a recovery, a change of engine. */
  onNote?: (note: string) => void;
}

/** What a run came to; the weights are in the model. */
export interface TrainingResult {
  /** One row for each finished epoch, those of a checkpoint included. */
  readonly history: readonly EpochRecord[];
  /** The epoch whose weights the model holds; 0 if none was finished (the initial weights). */
  readonly selectedEpoch: number;
  /** The finished epochs of the checkpoint that was continued, null if the run began at the beginning. */
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
 * the last checkpoint, in the middle of an epoch if need be, to the same weights bit for bit as without it
 * (same engine, same number of threads, no layers with randomness of their own such as dropout).
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
  {
    seed,
    checkpointDir,
    checkpointSeconds = 60,
    signal,
    onEpoch,
    onProgress,
    onNote = () => {},
  }: TrainingOptions,
): Promise<TrainingResult> {
  checkArguments(model, data, config);
  const checkpoints =
    checkpointDir === undefined
      ? null
      : openCheckpoints(checkpointDir, identityOf(model, data, config, seed), onNote);
  const stored = (await checkpoints?.load()) ?? null;
  const storedEpochs = stored?.history.length ?? 0;
  const { epochs, batchSize, learningRate } = config;
  if (storedEpochs > epochs) throw tooManyEpochs(storedEpochs, epochs, checkpointDir);

  if (storedEpochs < epochs) await checkpoints?.prepare();

  const optimizer = adam(learningRate);
  let state = stored ?? initialState(model, optimizer);
  const [descend, judge] = [trainingStep(model, optimizer), evaluationStep(model)];
  try {
    if (stored) {
      writeWeights(model, state.weights);
      writeAdamState(optimizer, state.adam, trainableVariables(model));
    }
    for (let epoch = 1; epoch <= storedEpochs; epoch++) onEpoch?.(reportOf(state, epoch, epochs, true));

    const steps = Math.ceil(countOf(data.train) / batchSize);
    const { step: stepsDone, seconds: spent } = state.position ?? { step: 0, seconds: 0 };
    const pace = startPace(steps * (epochs - storedEpochs) - stepsDone, spent);
    const onStep: Run['onStep'] = ({ epoch, step, images, loss }) => {
      const figures = { epoch, loss, ...pace.step(images) };
      onProgress?.({ stage: 'train', done: (epoch - 1) * steps + step, total: epochs * steps, figures });
    };
    let kept = performance.now();
    const keep = async (next: TrainingState) => {
      state = next;
      await checkpoints?.save(state);
      kept = performance.now();
    };
    const onPosition: Run['onPosition'] = async (position) => {
      if (checkpoints && performance.now() - kept >= checkpointSeconds * 1000) await keep(position());
    };
    const run: Run = {
      ...{ model, optimizer, descend, judge, data, config, seed, checkpointDir, signal },
      ...{ pace, onStep, onPosition },
    };
    while (state.history.length < epochs) {
      const next = await advance(run, state);
      if (next.state !== state) await keep(next.state);
      if (next.stopped) break;
      onEpoch?.(reportOf(state, state.history.length, epochs, false));
    }
    writeWeights(model, state.selected.weights);
  } catch (error) {
    writeWeights(model, state.weights);
    throw error;
  } finally {
    descend.dispose();
    judge.dispose();
    optimizer.dispose();
  }
  return {
    history: state.history,
    selectedEpoch: state.selected.epoch,
    resumedFromEpoch: stored && storedEpochs,
    stopped: state.history.length < epochs,
    seconds: sum(state.secondsPerEpoch),
  };
}

function initialState(model: tf.LayersModel, optimizer: tf.AdamOptimizer): TrainingState {
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

function reportOf(
  { history, secondsPerEpoch }: TrainingState,
  epoch: number,
  epochs: number,
  resumed: boolean,
): EpochReport {
  const secondsLeft = (sum(secondsPerEpoch) / secondsPerEpoch.length) * (epochs - epoch);
  return { ...history[epoch - 1], seconds: secondsPerEpoch[epoch - 1], secondsLeft, resumed };
}

const tooManyEpochs = (stored: number, wanted: number, where?: string) =>
  new WeightmapError(`The checkpoint has ${stored} epochs already.`, {
    where,
    expected: `at most ${wanted}, the number asked for`,
    fix: `Ask for ${stored} epochs or more, or name another folder for checkpoints.`,
  });

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
