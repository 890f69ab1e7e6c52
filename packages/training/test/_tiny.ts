import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { tinyImages, tinySpec } from '@weightmap/test-utils';
import { afterEach } from 'vitest';
import type { TrainingConfig } from '../src/training-config.js';

export { tinyImages, tinySpec };

export const tinyData = { train: tinyImages(25, 1), validation: tinyImages(12, 2) };

/** Convolution, batch normalisation, ReLU, dense: logits of three classes. */
export function tinyModel(seed = 1): tf.Sequential {
  const initial = (n: number) => tf.initializers.glorotUniform({ seed: seed * 10 + n });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, kernelInitializer: initial(1) }),
      tf.layers.batchNormalization({ momentum: 0.9 }),
      tf.layers.activation({ activation: 'relu' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, kernelInitializer: initial(2) }),
    ],
  });
}

export const tinyConfig: TrainingConfig = {
  epochs: 4,
  batchSize: 8,
  learningRate: 0.01,
  augmentation: 'pad-crop',
  selection: 'last',
};

/** All weights of a model, one after another; disposes it. */
export function takeWeights(model: tf.LayersModel): number[] {
  const values = model.weights.flatMap((weight) => [...weight.read().dataSync()]);
  model.dispose();
  return values;
}

const folders: string[] = [];

/** A new empty folder, gone after the test. */
export async function emptyFolder(): Promise<string> {
  folders.push(await mkdtemp(join(tmpdir(), 'weightmap-training-')));
  return folders.at(-1)!;
}

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
