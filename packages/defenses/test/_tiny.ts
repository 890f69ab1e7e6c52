import * as tf from '@tensorflow/tfjs';
import { asClassifier, type ImageSpec, type Objective } from '@weightmap/core';
import { tinyImages, tinySpec } from '@weightmap/test-utils';
import { train, type TrainingConfig, type TrainingOptions } from '@weightmap/training';
import { createDefense, defenses, type ChosenDefense, type DefenseId } from '../src/index.js';

/** Every defence. */
export const rows = defenses;

export { tinyImages, tinySpec };

export const tinyData = { train: tinyImages(20, 1), validation: tinyImages(9, 2) };

/** Convolution, batch normalisation, ReLU, dense: logits of three classes. */
export function tinyModel(seed = 1, classes = 3, channels = 1): tf.Sequential {
  const initial = (n: number) => tf.initializers.glorotUniform({ seed: seed * 10 + n });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, channels],
        filters: 2,
        kernelSize: 3,
        strides: 2,
        kernelInitializer: initial(1),
      }),
      tf.layers.batchNormalization({ momentum: 0.9 }),
      tf.layers.activation({ activation: 'relu' }),
      tf.layers.flatten(),
      tf.layers.dense({ name: 'logits', units: classes, kernelInitializer: initial(2) }),
    ],
  });
}

/** The same without batch normalisation, with max pooling. */
export function tinyChain(seed = 1, classes = 3, channels = 1): tf.Sequential {
  const initial = (n: number) => tf.initializers.glorotUniform({ seed: seed * 10 + n });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, channels],
        filters: 3,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: initial(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ name: 'logits', units: classes, kernelInitializer: initial(2) }),
    ],
  });
}

/** The network of a defence, from a plain one, and the classes that it has. */
export function builtFor({ defense, options }: ChosenDefense, plain: typeof tinyModel, seed = 1) {
  const spec = defense.networkSpec?.(tinySpec, options) ?? tinySpec;
  const build = ({ classes, channels }: ImageSpec = spec) => plain(seed, classes.length, channels);
  return { spec, model: defense.build?.(build, { spec, options, seed }) ?? build() };
}

export const tinyConfig: TrainingConfig = {
  epochs: 2,
  batchSize: 8,
  learningRate: 0.01,
  augmentation: 'none',
  selection: 'last',
};

/** Options with few steps, where the defaults have many. */
export const few: Partial<Record<DefenseId, object>> = {
  'pgd-training': { steps: 2, relativeStep: 0.6 },
  trades: { steps: 2, relativeStep: 0.6 },
  'extended-distillation': { networks: 2 },
  'ensemble-training': { networks: 1, randomStep: 0.05 },
};

/** Trains a tiny network with a defence; teachers are untrained tiny networks. */
export async function trained(
  id: DefenseId,
  given: object,
  { model: initial = 1, ...options }: Partial<TrainingOptions> & { model?: number; images?: number } = {},
) {
  const chosen = createDefense(id, given);
  const teachers = (chosen.defense.teachers?.(chosen.options) ?? []).map((_, i) => tinyModel(20 + i));
  const built = builtFor(chosen, tinyModel, initial);
  const objective = chosen.defense.objective?.({
    options: chosen.options,
    spec: tinySpec,
    seed: 1,
    teachers: teachers.map((teacher) => asClassifier(teacher)),
    model: built.model,
  });
  try {
    return await trainedWith(objective, { ...built, ...options });
  } finally {
    tf.dispose([...(objective?.auxiliary ?? [])]);
    teachers.forEach((teacher) => teacher.dispose());
  }
}

/** All weights of a tiny network after training, and the losses. Disposes the network. */
export async function trainedWith(
  objective: Objective | undefined,
  {
    model = tinyModel(),
    spec = tinySpec,
    images,
    ...options
  }: Partial<TrainingOptions> & { model?: tf.LayersModel; spec?: ImageSpec; images?: number } = {},
) {
  try {
    const few = images === undefined ? tinyData.train : tinyImages(images, 1);
    const data = { train: { ...few, spec }, validation: { ...tinyData.validation, spec } };
    const { history } = await train(model, data, tinyConfig, { seed: 5, objective, ...options });
    return { history, weights: model.weights.flatMap((weight) => [...weight.read().dataSync()]) };
  } finally {
    model.dispose();
  }
}
