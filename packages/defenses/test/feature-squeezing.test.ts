import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { featureSqueezing, meansOfAlike, medianOfFour, reduceDepth } from '../src/index.js';
import { tinyData, tinyImages, tinyModel } from './_tiny.js';

useEngine('cpu');

describe('the squeezers', () => {
  it('round to the levels of their bits, and pass the gradient on', () => {
    tf.tidy(() => {
      const x = tf.tensor4d([0, 0.2, 0.49, 0.51, 0.8, 1], [1, 2, 3, 1]);
      expect([...reduceDepth(x, 1).dataSync()]).toEqual([0, 0, 0, 1, 1, 1]);
      const thirds = [0, 1, 1, 2, 2, 3].map((level) => level / 3);
      expect([...reduceDepth(x, 2).dataSync()]).toBeAllclose(thirds, 1e-6);
      const slope = tf.grad((at) => reduceDepth(at as tf.Tensor4D, 1).mul(3))(x);
      expect([...slope.dataSync()]).toEqual(new Array(6).fill(3));
    });
  });

  it('take the third smallest of a pixel, the one above, the one to the left and the one between', () => {
    const [height, width] = [5, 4];
    const values = [...randomStream(1, 'median').uniforms(2 * height * width * 2)];
    const at = (n: number, row: number, column: number, channel: number) =>
      values[((n * height + Math.max(row, 0)) * width + Math.max(column, 0)) * 2 + channel];
    const expected: number[] = [];
    for (let n = 0; n < 2; n++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++)
          for (let c = 0; c < 2; c++) {
            const four = [at(n, i, j, c), at(n, i - 1, j, c), at(n, i, j - 1, c), at(n, i - 1, j - 1, c)];
            expected.push(four.sort((a, b) => a - b)[2]);
          }
    const median = tf.tidy(() => [...medianOfFour(tf.tensor4d(values, [2, height, width, 2])).dataSync()]);
    expect(median).toBeAllclose(expected, 1e-7);
  });
});

describe('non-local means', () => {
  const [height, width, channels] = [9, 8, 2];
  // Differences of the size of the strength, so that weights are neither 0 nor 1.
  const values = [...randomStream(2, 'alike').uniforms(height * width * channels, 0.5, 0.52)];
  const mirror = (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i);
  const at = (row: number, column: number, channel: number) =>
    values[(mirror(row, height) * width + mirror(column, width)) * channels + channel];
  const offsets = (reach: number) =>
    Array.from({ length: (2 * reach + 1) ** 2 }, (_, k) => [
      Math.floor(k / (2 * reach + 1)) - reach,
      (k % (2 * reach + 1)) - reach,
    ]);

  it('weigh the pixels of a window by how alike their patches are', () => {
    const expected: number[] = [];
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const weights = offsets(6).map(([down, right]) => {
          const squares = offsets(1).flatMap(([r, s]) =>
            [0, 1].map((c) => (at(i + r, j + s, c) - at(i + down + r, j + right + s, c)) ** 2),
          );
          return Math.exp(-squares.reduce((a, b) => a + b) / squares.length / (2 / 255) ** 2);
        });
        for (const c of [0, 1]) {
          const sum = offsets(6).reduce(
            (all, [down, right], k) => all + weights[k] * at(i + down, j + right, c),
            0,
          );
          expected.push(sum / weights.reduce((a, b) => a + b));
        }
      }
    tf.tidy(() => {
      const x = tf.tensor4d(values, [1, height, width, channels]);
      const squeezed = [...meansOfAlike(x).dataSync()];
      expect(squeezed).toBeAllclose(expected, 1e-5);
      expect(Math.max(...squeezed.map((value, i) => Math.abs(value - values[i])))).toBeGreaterThan(1e-3);
    });
  });

  it('have a gradient, which keeps the sum of a constant shift', () => {
    tf.tidy(() => {
      const x = tf.tensor4d(values, [1, height, width, channels]);
      const slope = tf.grad((image) => meansOfAlike(image as tf.Tensor4D).sum())(x);
      // All pixels brighter by h: each mean is brighter by h.
      expect(slope.sum().dataSync()[0]).toBeCloseTo(values.length, 2);
    });
  });
});

describe('feature squeezing', () => {
  const wrapped = async (given: object = {}) => {
    const model = tinyModel();
    const network = asClassifier(model);
    const data = { train: tinyData.train, validation: tinyImages(60, 4) };
    const defended = await featureSqueezing.wrap!(network, {
      data,
      options: featureSqueezing.parse(given),
      model,
    });
    return { model, network, ...defended };
  };

  it('measures how far the probabilities move', async () => {
    const { model, network, rejection } = await wrapped({ bits: 2, nonLocalMeans: true });
    const { images, labels } = tensorsOf(tinyImages(5, 7));
    tf.tidy(() => {
      const p = (x: tf.Tensor4D) => network.logits(x).softmax().arraySync();
      const [plain, ...squeezed] = [
        images,
        reduceDepth(images, 2),
        medianOfFour(images),
        meansOfAlike(images),
      ].map(p);
      const expected = plain.map((row, i) =>
        Math.max(...squeezed.map((other) => row.reduce((sum, v, c) => sum + Math.abs(v - other[i][c]), 0))),
      );
      expect([...rejection!.suspicion(images).dataSync()]).toBeAllclose(expected, 1e-5);
    });
    tf.dispose([images, labels]);
    model.dispose();
  });

  it.each([0, 0.05, 0.2])('rejects no more than its share of clean validation images (%d)', async (rate) => {
    const { model, classifier, rejection } = await wrapped({ falsePositives: rate });
    const { images, labels } = tensorsOf(tinyImages(60, 4));
    tf.tidy(() => {
      const rejected = [...classifier.logits(images).argMax(1).dataSync()].filter((guess) => guess === 3);
      expect(rejected.length).toBe(Math.floor(rate * 60));
      const gradient = tf.grad((x) => rejection!.suspicion(x as tf.Tensor4D).sum())(images);
      expect(Math.max(...gradient.abs().dataSync())).toBeGreaterThan(0);
    });
    tf.dispose([images, labels]);
    model.dispose();
  });

  it('has the largest change as its suspicion, and a gradient that reaches every squeezer above the threshold', async () => {
    const { model, network, rejection } = await wrapped({ bits: 2, falsePositives: 0.5 });
    const { images, labels } = tensorsOf(tinyImages(60, 9));
    tf.tidy(() => {
      const changeBy = (squeeze: (x: tf.Tensor4D) => tf.Tensor4D) => (x: tf.Tensor4D) =>
        network.logits(squeeze(x)).softmax().sub(network.logits(x).softmax()).abs().sum<tf.Tensor1D>(1);
      const each = [(x: tf.Tensor4D) => reduceDepth(x, 2), medianOfFour].map(changeBy);
      const changes = each.map((change) => [...change(images).dataSync()]);
      const slopes = each.map((change) => {
        const slope = tf.grad((x) => change(x as tf.Tensor4D).sum())(images);
        return slope.reshape([60, -1]).arraySync() as number[][];
      });
      const found = tf.grad((x) => rejection!.suspicion(x as tf.Tensor4D).sum())(images);
      const rows = found.reshape([60, -1]).arraySync() as number[][];
      let both = 0;
      for (const [i, row] of rows.entries()) {
        const isOver = changes.map((change) => change[i] > rejection!.threshold);
        if (isOver[0] && isOver[1]) both++;
        const largest = changes[0][i] > changes[1][i] ? 0 : 1;
        const expected = row.map(
          (_, pixel) =>
            slopes[largest][i][pixel] +
            slopes.reduce((sum, slope, s) => sum + (isOver[s] ? slope[i][pixel] : 0), 0),
        );
        expect(row).toBeAllclose(expected, 1e-4);
      }
      expect(both).toBeGreaterThan(0);
    });
    tf.dispose([images, labels]);
    model.dispose();
  });

  it('needs a squeezer', () => {
    expect(() => featureSqueezing.parse({ bits: 0, median: false })).toThrow(
      /feature-squeezing are not valid/,
    );
    expect(() => featureSqueezing.parse({ nonLocalMeans: 'much' })).toThrow(/not valid/);
    expect(featureSqueezing.parse({ bits: 0, median: false, nonLocalMeans: true }).nonLocalMeans).toBe(true);
  });
});
