import * as tf from '@tensorflow/tfjs';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { evaluate, train } from '../src/index.js';
import { tinyConfig, tinyData } from './_tiny.js';

useEngine();

/** Batch normalisation right on the image: its statistics are those of the pixels. */
const imageNorm = () =>
  tf.sequential({
    layers: [
      tf.layers.batchNormalization({ inputShape: [8, 8, 1], momentum: 0.9 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ],
  });

describe('batch normalisation', () => {
  it('updates the moving statistics once a step, and only in training', async () => {
    const model = imageNorm();
    const epochs = 3;
    // One batch an epoch, of all images: mean and variance are the same at every step.
    const config = { ...tinyConfig, epochs, batchSize: 25, augmentation: 'none' as const };
    await train(model, tinyData, config, { seed: 1 });

    const pixels = Float64Array.from(tinyData.train.pixels, (p) => p / 255);
    const mean = pixels.reduce((sum, p) => sum + p, 0) / pixels.length;
    const variance = pixels.reduce((sum, p) => sum + (p - mean) ** 2, 0) / pixels.length;
    let [movingMean, movingVariance] = [0, 1];
    for (let step = 0; step < epochs; step++) {
      movingMean = 0.9 * movingMean + 0.1 * mean;
      movingVariance = 0.9 * movingVariance + 0.1 * variance;
    }
    const [measuredMean, measuredVariance] = model.weights.slice(-2).map((w) => w.read());
    expect(model.weights.at(-1)!.originalName).toMatch(/moving_variance$/);
    expect(measuredMean).toBeAllclose([movingMean], 1e-5);
    expect(measuredVariance).toBeAllclose([movingVariance], 1e-5);

    await evaluate(model, tinyData.train);
    expect(model.weights.at(-2)!.read()).toBeAllclose([movingMean], 1e-5);
    model.dispose();
  });

  it('evaluates by the moving statistics, so that an image counts the same in any company', async () => {
    const model = imageNorm();
    await train(model, tinyData, { ...tinyConfig, epochs: 1 }, { seed: 1 });
    const together = await evaluate(model, tinyData.validation);
    const alone = await evaluate(model, tinyData.validation, { batchSize: 1 });
    expect(alone.correct).toBe(together.correct);
    expect(alone.loss).toBeCloseTo(together.loss, 5);
    model.dispose();
  });
});
