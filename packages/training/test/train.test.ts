import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type Progress } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { evaluate, train, type EpochReport } from '../src/index.js';
import { emptyFolder, takeWeights, tinyConfig, tinyData, tinyImages, tinyModel, tinySpec } from './_tiny.js';

useEngine();

const valuesOf = (model: tf.LayersModel) => model.weights.flatMap((w) => [...w.read().dataSync()]);

/** What the person would read. */
const failureOf = (training: Promise<unknown>) =>
  training.then(
    () => 'trained',
    (error: unknown) =>
      error instanceof WeightmapError ? error.explain() : `not for people: ${String(error)}`,
  );

/** A model without hidden layers, whose weights are all set to zero. */
function zeroModel(): tf.Sequential {
  const zeros = { kernelInitializer: 'zeros' as const };
  return tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [8, 8, 1] }), tf.layers.dense({ units: 3, ...zeros })],
  });
}

describe('train', () => {
  // To record compiled steps takes longer than these few: only where it is about them.
  beforeEach(() => void vi.stubEnv('WEIGHTMAP_COMPILE', 'off'));
  afterEach(() => vi.unstubAllEnvs());

  it('learns a small separable set by heart', async () => {
    vi.stubEnv('WEIGHTMAP_COMPILE', '');
    const model = tinyModel();
    const config = { ...tinyConfig, epochs: 15, augmentation: 'none' as const };
    const result = await train(model, tinyData, config, { seed: 1 });
    expect(result).toMatchObject({ selectedEpoch: 15, resumedFromEpoch: null, stopped: false });
    expect(result.history.at(-1)!.trainLoss).toBeLessThan(0.1);
    expect(await evaluate(model, tinyData.train)).toMatchObject({ errorPercent: 0, correct: 25, count: 25 });
    model.dispose();
  });

  it('takes a whole dataset, whose other fields are none of its business', async () => {
    const model = tinyModel();
    const dataset = { id: 'tiny', spec: tinySpec, notes: [], test: null, ...tinyData };
    const { history } = await train(model, dataset, { ...tinyConfig, epochs: 1 }, { seed: 1 });
    expect(history).toHaveLength(1);
    model.dispose();
  });

  it('takes the first step that Adam and the last, smaller batch take on paper', async () => {
    // At zero weights every probability is 1/3; Adam's first step is η·g/(|g| + ε), for a batch of all 25 images.
    const model = zeroModel();
    const config = { ...tinyConfig, epochs: 1, batchSize: 64, augmentation: 'none' as const };
    const { history } = await train(model, tinyData, config, { seed: 1 });
    expect(history[0].trainLoss).toBeCloseTo(Math.log(3), 5);
    const { pixels, labels } = tinyData.train;
    const expected: number[] = [];
    for (let pixel = 0; pixel < 64; pixel++)
      for (let c = 0; c < 3; c++) {
        let gradient = 0;
        for (let i = 0; i < 25; i++)
          gradient += ((pixels[i * 64 + pixel] / 255) * (1 / 3 - Number(labels[i] === c))) / 25;
        expected.push((-0.01 * gradient) / (Math.abs(gradient) + 1e-8));
      }
    expect(model.weights[0].read()).toBeAllclose(expected, 1e-4);
    model.dispose();
  });

  it('meets every image once an epoch, in an order that the seed decides', async () => {
    const losses: number[] = [];
    const onProgress = ({ done, total, figures }: Progress) => {
      expect(total).toBe(4);
      expect(figures!.epoch).toBe(1);
      expect(figures!.imagesPerSecond).toBeGreaterThan(0);
      if (done === total) expect(figures!.secondsLeft).toBe(0);
      losses.push(figures!.loss);
    };
    const epochs: EpochReport[] = [];
    const config = { ...tinyConfig, epochs: 1 };
    for (const seed of [1, 1, 2]) {
      const model = tinyModel();
      await train(model, tinyData, config, { seed, onProgress, onEpoch: (epoch) => epochs.push(epoch) });
      model.dispose();
    }
    expect(losses.slice(0, 4)).toEqual(losses.slice(4, 8));
    expect(losses.slice(0, 4)).not.toEqual(losses.slice(8));
    // Batches of 8, 8, 8 and 1: the mean over images, not over batches.
    const mean = (8 * losses[0] + 8 * losses[1] + 8 * losses[2] + losses[3]) / 25;
    expect(epochs[0]).toMatchObject({ epoch: 1, resumed: false, secondsLeft: 0 });
    expect(epochs[0].trainLoss).toBeCloseTo(mean, 10);
  });

  it.each(['best', 'last'] as const)('keeps the %s epoch', async (selection) => {
    // A rate so large that the validation error goes up and down.
    const config = { ...tinyConfig, epochs: 8, learningRate: 0.3, selection };
    const model = tinyModel();
    const { history, selectedEpoch } = await train(model, tinyData, config, { seed: 3 });
    const errors = history.map((epoch) => epoch.validationErrorPercent);
    expect(new Set(errors).size).toBeGreaterThan(1);
    const ranked = [...history].sort(
      (a, b) =>
        a.validationErrorPercent - b.validationErrorPercent ||
        a.validationLoss - b.validationLoss ||
        a.epoch - b.epoch,
    );
    expect(selectedEpoch).toBe(selection === 'last' ? 8 : ranked[0].epoch);
    expect(ranked[0].epoch).not.toBe(8); // or the two would be the same
    const { loss, errorPercent } = await evaluate(model, tinyData.validation);
    expect(errorPercent).toBe(history[selectedEpoch - 1].validationErrorPercent);
    expect(loss).toBe(history[selectedEpoch - 1].validationLoss);
    model.dispose();
  });

  it('leaves no tensor behind over 1,000 steps', async () => {
    vi.stubEnv('WEIGHTMAP_COMPILE', '');
    const model = tf.sequential({
      layers: [
        tf.layers.averagePooling2d({ inputShape: [8, 8, 1], poolSize: 4 }),
        tf.layers.batchNormalization(),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3 }),
      ],
    });
    const data = { train: tinyImages(400), validation: tinyData.validation };
    const config = { ...tinyConfig, epochs: 5, batchSize: 2, learningRate: 1e-3 };
    const counts = new Set<number>();
    await expectNoLeak(() =>
      train(model, data, config, { seed: 1, onProgress: () => counts.add(tf.memory().numTensors) }),
    );
    expect(counts.size).toBe(1);
    model.dispose();
  });

  it('stops at a loss that is not finite, and says where and why', async () => {
    const model = tinyModel();
    const before = valuesOf(model);
    const config = { ...tinyConfig, learningRate: 1e30 };
    const text = await failureOf(train(model, tinyData, config, { seed: 1 }));
    expect(text).toMatch(/diverged.*epoch 1, step [234] of 4/);
    expect(text).toMatch(/last finite loss was \d[\s\S]*learning rate[\s\S]*1e\+30[\s\S]*initial weights/);
    expect(valuesOf(model)).toEqual(before);
    model.dispose();
  });

  it('keeps the last good epoch when it stops so, also when only the validation shows it', async () => {
    const checkpointDir = await emptyFolder();
    const model = tinyModel();
    let kept: number[] = [];
    // Good until the weights are spoilt behind the trainer's back.
    const onEpoch = ({ epoch }: EpochReport) => {
      if (epoch !== 2) return;
      kept = valuesOf(model);
      tf.tidy(() => {
        model.trainableWeights.at(-1)!.write(tf.fill([3], Number.NaN));
      });
    };
    const options = { seed: 1, checkpointDir };
    const text = await failureOf(train(model, tinyData, tinyConfig, { ...options, onEpoch }));
    expect(text).toMatch(/NaN in epoch 3, step 1 of 4[\s\S]*weights of epoch 2.*checkpoint/);
    expect(valuesOf(model)).toEqual(kept);
    expect(await train(model, tinyData, tinyConfig, options)).toMatchObject({ resumedFromEpoch: 2 });
    model.dispose();

    const single = tinyModel();
    const oneStep = { ...tinyConfig, batchSize: 64, learningRate: 1e38 };
    expect(await failureOf(train(single, tinyData, oneStep, { seed: 1 }))).toMatch(
      /validation loss became NaN or infinite in epoch 1, step 1 of 1/,
    );
    single.dispose();
  });

  it('stops when told to, with the weights of the last whole epoch', async () => {
    const reference = tinyModel();
    await train(reference, tinyData, { ...tinyConfig, epochs: 2 }, { seed: 1 });

    const model = tinyModel();
    const controller = new AbortController();
    const done: number[] = [];
    const result = await expectNoLeak(() =>
      train(model, tinyData, tinyConfig, {
        seed: 1,
        signal: controller.signal,
        onProgress: (progress) => {
          done.push(progress.done);
          if (progress.done === 10) controller.abort();
        },
      }),
    );
    expect(done.at(-1)).toBe(10);
    expect(result).toMatchObject({ stopped: true, selectedEpoch: 2 });
    expect(takeWeights(model)).toEqual(takeWeights(reference));
  });

  it('has finished no epoch when told before the first', async () => {
    const model = tinyModel();
    const before = valuesOf(model);
    const result = await train(model, tinyData, tinyConfig, { seed: 1, signal: AbortSignal.abort() });
    expect(result).toEqual({
      history: [],
      selectedEpoch: 0,
      resumedFromEpoch: null,
      stopped: true,
      seconds: 0,
    });
    expect(valuesOf(model)).toEqual(before);
    model.dispose();
  });

  it('refuses what cannot be trained', async () => {
    const model = tinyModel();
    const options = { seed: 1 };
    const twoClasses = { ...tinyData.train, spec: { ...tinySpec, classes: ['a', 'b'] } };
    await expect(train(model, { ...tinyData, train: twoClasses }, tinyConfig, options)).rejects.toThrow(
      /fit/,
    );
    await expect(
      train(model, { ...tinyData, validation: tinyImages(0) }, tinyConfig, options),
    ).rejects.toThrow(/no validation images/);
    await expect(train(model, tinyData, { ...tinyConfig, batchSize: 0 }, options)).rejects.toThrow(
      WeightmapError,
    );
    model.trainable = false;
    await expect(train(model, tinyData, tinyConfig, options)).rejects.toThrow(/no trainable weights/);
    model.dispose();
  });
});

describe('evaluate', () => {
  it('counts and averages over all images, whatever the batches', async () => {
    const model = tinyModel();
    const pixels = Float32Array.from(tinyData.train.pixels, (p) => p / 255);
    const logits = tf.tidy(() =>
      (model.predict(tf.tensor4d(pixels, [25, 8, 8, 1])) as tf.Tensor2D).arraySync(),
    );
    let [loss, correct] = [0, 0];
    logits.forEach((row, i) => {
      const label = tinyData.train.labels[i];
      loss += (Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - row[label]) / 25;
      correct += Number(row.every((z) => z <= row[label]));
    });
    for (const batchSize of [25, 7, 500]) {
      const result = await expectNoLeak(() => evaluate(model, tinyData.train, { batchSize }));
      expect(result).toMatchObject({ correct, count: 25, errorPercent: (100 * (25 - correct)) / 25 });
      expect(result.loss).toBeCloseTo(loss, 5);
    }
    tf.tidy(() => {
      model.trainableWeights.at(-1)!.write(tf.fill([3], Number.NaN));
    });
    await expect(evaluate(model, tinyData.train)).rejects.toThrow(/loss is NaN/);
    model.dispose();
  });
});
