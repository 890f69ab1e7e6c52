import * as tf from '@tensorflow/tfjs';
import { datasets } from '@weightmap/datasets';
import { startEngine } from '@weightmap/engine';
import { describe, expect, it } from 'vitest';
import { estimateCell, measurePace } from '../src/plan/estimate.js';
import { makeRecord } from '@weightmap/test-utils/records';

describe('estimateCell', () => {
  it('adds up steps, validation, test images and every strength of every attacked image', () => {
    const { cell } = makeRecord();
    const made = {
      ...cell,
      dataset: { ...cell.dataset, train: 130, validation: 20, test: 50 },
      training: { ...cell.training, epochs: 2, batchSize: 64 },
      evaluation: { ...cell.evaluation, betas: [0, 1], epsilons: [0], robustnessImages: 30 },
    };
    // 2 epochs of 3 steps at 10 s; 2·20 + 50 + 3·30 images at 1 s.
    expect(estimateCell(made, { parameters: 1, step: 10, image: 1 })).toBe(60 + 180);
    const all = { ...made, evaluation: { ...made.evaluation, robustnessImages: null } };
    expect(estimateCell(all, { parameters: 1, step: 10, image: 1 })).toBe(60 + 40 + 50 + 150);
  });
});

describe('measurePace', () => {
  it('times a network, counts its parameters and leaves nothing behind', async () => {
    await startEngine();
    const before = tf.memory().numTensors;
    const { parameters, step, image } = await measurePace('cnn-33', datasets.digits.spec, 4);
    expect(parameters).toBe(261_070);
    expect(step).toBeGreaterThan(0);
    expect(image).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(before);
  });
});
