import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { imageSet, randomStream, type ImageSet } from '@weightmap/core';
import { afterEach } from 'vitest';
import type { TrainingConfig } from '../src/training-config.js';

export const tinySpec = { height: 8, width: 8, channels: 1, classes: ['left', 'right', 'both'] };

/** Noise with a bright left half, right half, or both: separable. */
export function tinyImages(count: number, seed = 1): ImageSet {
  const random = randomStream(seed, 'tiny');
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const pixels = Uint8Array.from({ length: count * 64 }, (_, i) => {
    const half = i % 8 < 4 ? 0 : 1;
    const label = labels[Math.floor(i / 64)];
    return random.integer(100) + (label === half || label === 2 ? 150 : 0);
  });
  return imageSet(tinySpec, pixels, labels);
}

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
