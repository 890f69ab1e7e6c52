import * as tf from '@tensorflow/tfjs';
import { countOf, tensorsOf, type ImageSet } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { proceduralDigits } from '../src/index.js';

const load = (train: number, test: number, seed = 1) => proceduralDigits({ train, test }).load({ seed });

describe('procedural digits', () => {
  it('are the same bytes for the same seed, others for another, and no training image is a test image', async () => {
    const [first, again, other] = await Promise.all([load(100, 100), load(100, 100), load(100, 100, 2)]);
    expect(again.checksum).toBe(first.checksum);
    expect(Buffer.from(again.train.pixels).equals(first.train.pixels)).toBe(true);
    expect(other.checksum).not.toBe(first.checksum);
    const imagesOf = ({ pixels, labels }: ImageSet) =>
      [...labels.keys()].map((i) => Buffer.from(pixels.subarray(i * 784, (i + 1) * 784)).toString('base64'));
    const all = [first.train, first.validation, first.test, other.test].flatMap(imagesOf);
    expect(new Set(all).size).toBe(300);
  });

  // Digits that are drawn otherwise need another DRAWING in digits.ts, too: kept ones are drawn anew by it.
  it('are the same bytes on every machine', async () => {
    expect((await load(100, 100)).checksum).toBe(
      '9a942a5b387c01002110272b052601cf18ee7be7853cf6023f73dd71e07197a6',
    );
  });

  it('stay as they are when more are drawn', async () => {
    const [few, many] = await Promise.all([load(30, 30), load(60, 40)]);
    expect(Buffer.from(few.test.pixels).equals(many.test.pixels.subarray(0, 30 * 784))).toBe(true);
    const moreTests = await load(30, 50);
    expect(Buffer.from(few.train.pixels).equals(moreTests.train.pixels)).toBe(true);
  });

  it('hold every class equally often, and ink', async () => {
    const { train, validation, test } = await load(200, 50);
    expect([train, validation, test].map(countOf)).toEqual([180, 20, 50]);
    for (let digit = 0; digit < 10; digit++)
      expect(test.labels.filter((label) => label === digit)).toHaveLength(5);
    for (let i = 0; i < 50; i++)
      expect(
        test.pixels.subarray(i * 784, (i + 1) * 784).filter((pixel) => pixel > 128).length,
      ).toBeGreaterThan(10);
  });

  it.each([0, 1.5, Number.NaN])('refuse %s as a number of images', (test) => {
    expect(() => proceduralDigits({ test })).toThrow(`The number of digits is ${test}.`);
  });
});

describe('procedural digits to learn', () => {
  useEngine();

  it('are hard for a linear model and easy for a convolutional one', async () => {
    const { train, test } = await load(1200, 300);
    const { flatten, dense, conv2d, maxPooling2d } = tf.layers;
    const inputShape = [28, 28, 1];
    const glorot = (seed: number) => tf.initializers.glorotUniform({ seed });
    const linear = await testError(train, test, 8, [
      flatten({ inputShape }),
      dense({ units: 10, activation: 'softmax', kernelInitializer: glorot(1) }),
    ]);
    const convolutional = await testError(train, test, 5, [
      conv2d({
        inputShape,
        filters: 12,
        kernelSize: 5,
        strides: 2,
        activation: 'relu',
        kernelInitializer: glorot(1),
      }),
      conv2d({ filters: 24, kernelSize: 3, activation: 'relu', kernelInitializer: glorot(2) }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 48, activation: 'relu', kernelInitializer: glorot(3) }),
      dense({ units: 10, activation: 'softmax', kernelInitializer: glorot(4) }),
    ]);
    expect(linear).toBeGreaterThan(35);
    expect(convolutional).toBeLessThan(25);
  });
});

/** Percent, after training with Adam. */
async function testError(
  train: ImageSet,
  test: ImageSet,
  epochs: number,
  layers: tf.layers.Layer[],
): Promise<number> {
  const model = tf.sequential({ layers });
  const optimizer = tf.train.adam(3e-3);
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  const [learnt, asked] = [tensorsOf(train), tensorsOf(test)];
  const labels = learnt.labels.toFloat();
  // Unshuffled, as fit's shuffling cannot be seeded.
  await model.fit(learnt.images, labels, { epochs, batchSize: 32, shuffle: false, verbose: 0 });
  const wrong = tf.tidy(() =>
    (model.predict(asked.images) as tf.Tensor2D).argMax(1).notEqual(asked.labels).toFloat().mean(),
  );
  const percent = 100 * wrong.dataSync()[0];
  tf.dispose([wrong, labels, learnt.images, learnt.labels, asked.images, asked.labels]);
  model.dispose();
  optimizer.dispose();
  return percent;
}
