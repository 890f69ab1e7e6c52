import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { featureSqueezing, medianOfFour, reduceDepth } from '../src/index.js';
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
    const { model, network, rejection } = await wrapped({ bits: 2 });
    const { images, labels } = tensorsOf(tinyImages(5, 7));
    tf.tidy(() => {
      const p = (x: tf.Tensor4D) => network.logits(x).softmax().arraySync();
      const [plain, ...squeezed] = [images, reduceDepth(images, 2), medianOfFour(images)].map(p);
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

  it('needs a squeezer', () => {
    expect(() => featureSqueezing.parse({ bits: 0, median: false })).toThrow(
      /feature-squeezing are not valid/,
    );
  });
});
