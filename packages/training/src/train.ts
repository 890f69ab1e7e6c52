import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { countOf, pick, randomStream, restoreStream, WeightmapError } from '@weightmap/core';
import { adam, readAdamState } from './_adam-state.js';
import { checkArguments } from './_arguments.js';
import { runShapeOf } from './_checkpoint-checks.js';
import { divergence } from './_divergence.js';
import { openDraws } from './_draws.js';
import { identityOf } from './_identity.js';
import { startPace } from './_pace.js';
import { robustJudge } from './_robust-error.js';
import { initialState, isBetter, restoreState, type TrainingState } from './_state.js';
import { nonFiniteWeight, readVariables, readWeights, writeWeights } from './_weights.js';
import { padCrop } from './augment.js';
import { openCheckpoints } from './checkpoint.js';
import { evaluateBy } from './evaluate.js';
import { evaluationStep, packBatch, trainingStep } from './step.js';
import type { EpochRecord, TrainingConfig } from './training-config.js';
import type { EpochReport, TrainingData, TrainingOptions, TrainingResult } from './training-options.js';

/**
 * Trains a classifier with Adam (β₁ = 0.9, β₂ = 0.999, ε = 1e-8) on softmax cross-entropy of its logits, or on another
 * objective, and validates it after each epoch.
 *
 * Batch normalisation uses the batch's own statistics in training, where the moving ones are updated once a step, and the
 * moving ones in validation. After an interruption the same call continues from the last checkpoint, in the middle of an
 * epoch if need be, and ends with the same weights bit for bit as without the interruption (same engine, same number of
 * threads, no layers with randomness of their own such as dropout).
 *
 * @param model maps [batch, height, width, channels] in [0, 1] to logits [batch, classes], no softmax. It ends with the weights
 *   of the selected epoch: for `best` the one with the lowest validation error (then the lowest validation loss, then the
 *   earliest), for `last` the last one, for `robust` the one with the lowest validation error under `selectionAttack` (then as
 *   for `best`).
 * @throws WeightmapError if model and data don't fit, if the model gives no logits (see `asClassifier`), if the loss or a
 *   weight becomes NaN or infinite, if the checkpoint
 *   belongs to another run, or if it can't be written.
 */
export async function train(
  model: tf.LayersModel,
  data: TrainingData,
  config: TrainingConfig,
  options: TrainingOptions,
): Promise<TrainingResult> {
  checkArguments(model, data, config, options);
  const { epochs, batchSize, learningRate, augmentation, selection, selectionEpsilon } = config;
  const { seed, checkpointDir, checkpointSeconds = 60, signal, onEpoch, onProgress } = options;
  const { onNote = () => {}, objective, selectionAttack } = options;
  const { auxiliary = [] } = objective ?? {};
  const images = countOf(data.train);
  const steps = Math.ceil(images / batchSize);

  const checkpoints =
    checkpointDir === undefined
      ? null
      : openCheckpoints(
          checkpointDir,
          {
            identity: identityOf(model, data, config, options),
            shape: runShapeOf(model, steps, objective?.auxiliary),
          },
          onNote,
        );
  const stored = (await checkpoints?.load()) ?? null;
  const storedEpochs = stored?.history.length ?? 0;
  if (storedEpochs > epochs) throw tooManyEpochs(storedEpochs, epochs, checkpointDir);
  if (storedEpochs < epochs) await checkpoints?.prepare();

  const optimizer = adam(learningRate);
  const [descend, judge] = [trainingStep(model, optimizer, objective), evaluationStep(model)];
  const robust =
    selectionAttack &&
    robustJudge(model, data.validation, { attack: selectionAttack, epsilon: selectionEpsilon!, seed });
  const trained = { model, optimizer, auxiliary };
  let state = stored ?? initialState(trained);
  let savedAt = performance.now();
  const save = async (next: TrainingState) => {
    state = next;
    await checkpoints?.save(state);
    savedAt = performance.now();
  };

  try {
    if (stored) restoreState(stored, trained);
    for (let epoch = 1; epoch <= storedEpochs; epoch++)
      onEpoch?.(reportOf(state, epoch, { epochs, resumed: true }));
    const pace = startPace(
      steps * (epochs - storedEpochs) - (state.position?.step ?? 0),
      state.position?.seconds,
    );

    for (let epoch = storedEpochs + 1; epoch <= epochs; epoch++) {
      const start = state.position;
      const order = randomStream(seed, 'shuffle', epoch).permutation(images);
      const shifts = start ? restoreStream(start.augmentation) : randomStream(seed, 'augment', epoch);
      const draws = openDraws(objective ?? {}, { seed, epoch, stored: start?.draws });
      let [step, lossSum] = [start?.step ?? 0, start?.lossSum ?? 0];
      let lastFiniteLoss = state.history.at(-1)?.trainLoss ?? null;
      const diverged = (what: string) =>
        divergence({
          epoch,
          step,
          steps,
          what,
          lastFiniteLoss,
          learningRate,
          keptEpoch: epoch - 1,
          checkpointDir,
        });
      const finiteWeights = () => {
        // A kernel may turn NaN into 0 (ReLU does on some engines), so the loss alone doesn't show it.
        const weights = readWeights(model);
        const broken = nonFiniteWeight(model, weights);
        if (broken) throw diverged(`weight ${broken} became NaN or infinite`);
        return weights;
      };
      const midEpoch = (): TrainingState => ({
        ...state,
        weights: finiteWeights(),
        auxiliary: readVariables(auxiliary),
        adam: readAdamState(optimizer),
        position: {
          step,
          lossSum,
          augmentation: shifts.state(),
          draws: draws.states(),
          seconds: pace.soFar(),
        },
      });

      while (step < steps && !signal?.aborted) {
        const chosen = pick(data.train, order.subarray(step * batchSize, (step + 1) * batchSize));
        const batch = packBatch(augmentation === 'pad-crop' ? padCrop(chosen, shifts) : chosen);
        const { height, width, channels } = chosen.spec;
        const drawn = draws.next({ shape: [countOf(chosen), height, width, channels], epoch, step, steps });
        const loss = valueOf(descend({ ...drawn, ...batch }));
        tf.dispose([batch, drawn]);
        step += 1;
        if (!Number.isFinite(loss)) throw diverged(`the loss became ${loss}`);
        lastFiniteLoss = loss;
        lossSum += loss * countOf(chosen);
        onProgress?.({
          stage: 'train',
          done: (epoch - 1) * steps + step,
          total: epochs * steps,
          figures: { epoch, loss, ...pace.step(countOf(chosen)) },
        });
        await nextTurn(); // lets signals and progress through
        if (checkpoints && performance.now() - savedAt >= checkpointSeconds * 1000) await save(midEpoch());
      }
      if (step < steps) {
        if (step > (start?.step ?? 0)) await save(midEpoch());
        break;
      }

      const weights = finiteWeights();
      const { loss, errorPercent } = await evaluateBy(judge, data.validation).catch((error: unknown) => {
        throw error instanceof WeightmapError
          ? diverged('the validation loss became NaN or infinite')
          : error;
      });
      const record: EpochRecord = {
        epoch,
        trainLoss: lossSum / images,
        validationLoss: loss,
        validationErrorPercent: errorPercent,
        ...(robust && { validationRobustErrorPercent: await robust.measure() }),
      };
      const isBest = selection === 'last' || isBetter(record, state.history[state.selected.epoch - 1]);
      await save({
        history: [...state.history, record],
        secondsPerEpoch: [...state.secondsPerEpoch, pace.epoch()],
        weights,
        auxiliary: readVariables(auxiliary),
        selected: isBest ? { epoch, weights } : state.selected,
        adam: readAdamState(optimizer),
        position: null,
      });
      onEpoch?.(reportOf(state, epoch, { epochs, resumed: false }));
    }
    writeWeights(model, state.selected.weights);
  } catch (error) {
    writeWeights(model, state.weights);
    throw error;
  } finally {
    descend.dispose();
    judge.dispose();
    robust?.dispose();
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

/** The value of a scalar, which is disposed. */
function valueOf(scalar: tf.Scalar): number {
  const [value] = scalar.dataSync();
  scalar.dispose();
  return value;
}

function reportOf(
  { history, secondsPerEpoch }: TrainingState,
  epoch: number,
  { epochs, resumed }: { epochs: number; resumed: boolean },
): EpochReport {
  const secondsLeft = (sum(secondsPerEpoch) / secondsPerEpoch.length) * (epochs - epoch);
  return { ...history[epoch - 1], seconds: secondsPerEpoch[epoch - 1], secondsLeft, resumed };
}

const tooManyEpochs = (stored: number, wanted: number, where?: string) =>
  new WeightmapError(`The checkpoint has ${stored} epochs already.`, {
    where,
    expected: `at most ${wanted}, the requested number`,
    fix: `Ask for ${stored} epochs or more, or name another folder for checkpoints.`,
  });

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
