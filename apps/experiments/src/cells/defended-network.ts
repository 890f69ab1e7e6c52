import path from 'node:path';
import { pgd } from '@weightmap/attacks';
import * as tf from '@tensorflow/tfjs';
import {
  asClassifier,
  randomStream,
  type Classifier,
  type Dataset,
  type Defended,
  type ImageSpec,
  type Rejection,
} from '@weightmap/core';
import { compiledClassifier, type CompiledClassifier } from '@weightmap/engine';
import { cellPaths, type CellConfig, type CellDefense } from '@weightmap/records';
import { train, type TrainingOptions, type TrainingResult } from '@weightmap/training';
import { buildVariant, findDefense } from '../plugins/components.js';

/** Steps of the PGD that the epoch is selected by, where the selection is `robust`. */
const SELECTION_STEPS = 10;

/** What a cell's training needs: the data, and where checkpoints lie. */
export interface CellTraining extends Omit<
  TrainingOptions,
  'seed' | 'objective' | 'checkpointDir' | 'selectionAttack'
> {
  /** The run's folder. */
  readonly run: string;
  /** The images of the cell, after any limit. */
  readonly dataset: Dataset;
}

/** The classes of a cell's network: those of the data, and one more where its defence may abstain by it. */
function networkSpec({ defense }: Pick<CellConfig, 'defense'>, spec: ImageSpec): ImageSpec {
  return (defense && findDefense(defense.id).networkSpec?.(spec, defense.options)) ?? spec;
}

/** Builds the network of a cell for images of this shape, freshly initialised, as its defence needs it. The caller disposes it. */
export function buildNetwork(
  cell: Pick<CellConfig, 'variant' | 'defense' | 'seed'>,
  images: ImageSpec,
): tf.LayersModel {
  const { variant, defense, seed } = cell;
  const spec = networkSpec(cell, images);
  const plain = (own: ImageSpec = spec) => buildVariant(variant, { spec: own, seed });
  if (!defense) return plain();
  return findDefense(defense.id).build?.(plain, { spec, options: defense.options, seed }) ?? plain();
}

/**
 * Trains the network of a cell. With a defence, the networks that it needs before are trained first, each with a checkpoint of
 * its own, so that an interrupted training continues where it was; then this one with the defence's loss.
 *
 * @returns as `train`; the seconds are those of all its networks.
 */
export async function trainCell(
  model: tf.LayersModel,
  cell: CellConfig,
  { run, dataset, ...given }: CellTraining,
): Promise<TrainingResult> {
  const { seed, training, defense, variant } = cell;
  const options = {
    ...given,
    ...(training.selection === 'robust' && { selectionAttack: pgd({ steps: SELECTION_STEPS }) }),
  };
  const { checkpoint: checkpointDir, teachers: folder } = cellPaths(run, cell);
  if (!defense) return train(model, dataset, training, { ...options, seed, checkpointDir });
  const row = findDefense(defense.id);
  const teachers: tf.LayersModel[] = [];
  const { spec } = dataset;
  let before = 0;
  try {
    for (const plan of row.teachers?.(defense.options) ?? []) {
      const own = randomStream(seed, 'teacher', plan.seedName).seed();
      const teacher = buildVariant(variant, { spec, seed: own });
      teachers.push(teacher);
      const trained = await train(teacher, dataset, training, {
        ...options,
        onEpoch: undefined,
        seed: own,
        objective: plan.objective?.(),
        checkpointDir: path.join(folder, plan.id),
      });
      if (trained.stopped) return trained;
      before += trained.seconds;
    }
    const objective = row.objective?.({
      options: defense.options,
      spec,
      seed: randomStream(seed, 'defence').seed(),
      teachers: teachers.map((teacher) => asClassifier(teacher, { bounds: [0, 1] })),
      model,
    });
    try {
      const own = networkSpec(cell, spec);
      const data = {
        train: { ...dataset.train, spec: own },
        validation: { ...dataset.validation, spec: own },
      };
      const trained = await train(model, data, training, { ...options, seed, objective, checkpointDir });
      return { ...trained, seconds: before + trained.seconds };
    } finally {
      objective?.auxiliary?.forEach((variable) => variable.dispose());
    }
  } finally {
    for (const teacher of teachers) teacher.dispose();
  }
}

/** A trained network that is measured and attacked, with its defence around it. */
export interface MeasuredNetwork {
  /** Compiled; what is deployed. */
  readonly classifier: CompiledClassifier;
  /** The same, not compiled: it calls the layers of the trained model, as far as the defence does. */
  readonly uncompiled: Classifier;
  /** Its logits are those of the trained model, one for each class of the data. */
  readonly network: Classifier;
  /** Compiled; what somebody sees who doesn't know what the defence has put around the network. */
  readonly unaware: CompiledClassifier;
  /** How the defence decides to abstain, where it does so by a threshold. */
  readonly rejection?: Rejection;
  /** Frees the compiled steps; the model stays. */
  dispose(): void;
}

/**
 * Puts a cell's defence around its trained network, the same way each time: by the options of the cell and the images of its
 * data. A plain network stays alone.
 */
export async function defendNetwork(
  model: tf.LayersModel,
  defense: CellDefense | undefined,
  loadData: () => Dataset | Promise<Dataset>,
): Promise<MeasuredNetwork> {
  const plain = asClassifier(model, { bounds: [0, 1] });
  const network = compiledClassifier(plain);
  const row = defense && findDefense(defense.id);
  if (!defense || !row?.wrap)
    return {
      ...{ classifier: network, uncompiled: plain, network, unaware: network },
      dispose: () => network.dispose(),
    };
  try {
    const { train: images, validation } = await loadData();
    const wrapped: Defended = await row.wrap(plain, {
      data: { train: images, validation },
      options: defense.options,
      model,
    });
    const { classifier: defended, rejection } = wrapped;
    const classifier = compiledClassifier(defended);
    const unaware = compiledUnaware(wrapped, plain, { classifier, network });
    const { answers = defended.classes } = defended;
    const explained = answers < plain.classes ? compiledClassifier(firstClasses(plain, answers)) : network;
    const dispose = () => {
      for (const made of new Set([classifier, network, explained, unaware])) made.dispose();
    };
    return {
      ...{ classifier, uncompiled: defended, network: explained, unaware, dispose },
      ...(rejection && { rejection }),
    };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** What an attacker sees who doesn't know the defence; compiled once where it is the network, or what is deployed. */
function compiledUnaware(
  { classifier: defended, unaware = defended }: Defended,
  plain: Classifier,
  { classifier, network }: { readonly classifier: CompiledClassifier; readonly network: CompiledClassifier },
): CompiledClassifier {
  if (unaware === defended) return classifier;
  return unaware === plain ? network : compiledClassifier(unaware);
}

/** A network without its last classes, which abstain. */
const firstClasses = (network: Classifier, classes: number): Classifier => ({
  ...network,
  classes,
  logits: (images) => tf.tidy(() => network.logits(images).slice([0, 0], [-1, classes])),
});
