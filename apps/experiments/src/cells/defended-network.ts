import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, type Classifier, type Dataset, type Defended } from '@weightmap/core';
import { compiledClassifier, type CompiledClassifier } from '@weightmap/engine';
import { cellPaths, type CellConfig, type CellDefense } from '@weightmap/records';
import { train, type TrainingOptions, type TrainingResult } from '@weightmap/training';
import { buildVariant, findDefense } from '../plugins/components.js';

/** What a cell's training needs: the data, and where checkpoints lie. */
export interface CellTraining extends Omit<TrainingOptions, 'seed' | 'objective' | 'checkpointDir'> {
  /** The run's folder. */
  readonly run: string;
  /** The images of the cell, after any limit. */
  readonly dataset: Dataset;
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
  { run, dataset, ...options }: CellTraining,
): Promise<TrainingResult> {
  const { seed, training, defense, variant } = cell;
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
    });
    try {
      const trained = await train(model, dataset, training, { ...options, seed, objective, checkpointDir });
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
  /** Its logits are those of the trained model, one for each class of the data. */
  readonly network: Classifier;
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
  if (!defense || !row?.wrap) return { classifier: network, network, dispose: () => network.dispose() };
  try {
    const { train: images, validation } = await loadData();
    const { classifier: defended }: Defended = await row.wrap(plain, {
      data: { train: images, validation },
      options: defense.options,
      model,
    });
    const classifier = compiledClassifier(defended);
    const dispose = () => {
      classifier.dispose();
      network.dispose();
    };
    return { classifier, network, dispose };
  } catch (error) {
    network.dispose();
    throw error;
  }
}
