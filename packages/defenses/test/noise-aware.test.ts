import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, WeightmapError } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { createDefense, noiseAware, noiseLevel, NoiseLevel } from '../src/index.js';
import { builtFor, tinyModel, tinySpec } from './_tiny.js';

useEngine('cpu');

const numbers = (x: tf.Tensor) => [...x.dataSync()];
const images = (values: ArrayLike<number>, [height, width, channels]: number[]) =>
  tf.tensor4d(Array.from(values), [values.length / (height * width * channels), height, width, channels]);

describe('the level of noise', () => {
  it('is the median of the second differences in both directions, by plain loops', () => {
    const [height, width, channels] = [5, 6, 2];
    const x = randomStream(1, 'x').uniforms(2 * height * width * channels);
    const at = (b: number, i: number, j: number, c: number) =>
      x[((b * height + i) * width + j) * channels + c];
    const expected = [0, 1].map((b) => {
      const sizes: number[] = [];
      for (let i = 0; i < height - 2; i++)
        for (let j = 0; j < width - 2; j++)
          for (let c = 0; c < channels; c++)
            sizes.push(
              Math.abs(
                [1, -2, 1].reduce(
                  (sum, down, k) =>
                    sum +
                    [1, -2, 1].reduce((row, right, l) => row + down * right * at(b, i + k, j + l, c), 0),
                  0,
                ),
              ),
            );
      sizes.sort((a, b) => a - b);
      return sizes[sizes.length / 2 - 1] / (6 * 0.6745); // the lower median of an even number
    });
    tf.tidy(() => {
      const found = noiseLevel(images(x, [height, width, channels]));
      expect(numbers(found)).toBeAllclose(expected, 1e-5);
    });
  });

  it('is the deviation of the noise on an image of two areas', () => {
    const noise = randomStream(2, 'noise').normals(4096);
    for (const deviation of [0.05, 0.3]) {
      const x = noise.map((value, i) => (i % 64 < 32 ? 0.2 : 0.9) + deviation * value);
      // A median of 3,844 sizes that depend on each other, of which 3 % lie on the edge.
      tf.tidy(() => {
        const [level] = numbers(noiseLevel(images(x, [64, 64, 1])));
        expect(Math.abs(level / deviation - 1)).toBeLessThan(0.12);
      });
    }
  });

  it('has the gradient of the mean', () => {
    tf.tidy(() => {
      const x = images(randomStream(3, 'x').uniforms(25), [5, 5, 1]);
      const gradient = tf.grad((at) => noiseLevel(at as tf.Tensor4D).sum())(x);
      const kernel = [1, -2, 1, -2, 4, -2, 1, -2, 1];
      const filter = tf.tensor4d(kernel, [3, 3, 1, 1]);
      const mean = (at: tf.Tensor) =>
        tf
          .conv2d(at as tf.Tensor4D, filter, 1, 'valid')
          .abs()
          .mean()
          .div(6 * Math.sqrt(2 / Math.PI));
      expect(numbers(gradient)).toBeAllclose(numbers(tf.grad(mean)(x)), 1e-5);
      expect(numbers(gradient).filter((value) => value !== 0).length).toBeGreaterThan(20);
    });
  });
});

describe('noise-aware training', () => {
  it('gives the network the estimate as a channel more', () => {
    const { model } = builtFor(createDefense('noise-aware'), tinyModel);
    const body = tinyModel(1, 3, 2);
    tf.tidy(() => {
      const x = images(randomStream(4, 'x').uniforms(128), [8, 8, 1]);
      const channel = noiseLevel(x)
        .reshape([2, 1, 1, 1])
        .mul(tf.ones([2, 8, 8, 1]));
      const two = tf.concat([x, channel], 3) as tf.Tensor4D;
      expect(numbers(new NoiseLevel().apply(x) as tf.Tensor)).toEqual(numbers(two));
      const [aware, plain] = [asClassifier(model).logits(x), asClassifier(body).logits(two)].map(numbers);
      expect(aware).toEqual(plain);
    });
    model.dispose();
    body.dispose();
  });

  it('refuses images without neighbours', () => {
    const request = { spec: { ...tinySpec, height: 2 }, options: noiseAware.defaults, seed: 1 };
    expect(() => noiseAware.build!(() => tinyModel(), request)).toThrow(WeightmapError);
  });
});
