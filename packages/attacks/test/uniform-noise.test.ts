import * as tf from '@tensorflow/tfjs';
import { randomStream, type Classifier } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { uniformNoise, type UniformNoiseOptions } from '../src/index.js';
import { labelsOf, randomImages } from './_fixtures.js';

useEngine('cpu');

const SHAPE = [3, 5, 4, 2] as [number, number, number, number];
const SIZE = 40;

/** Anything goes in, class 0 comes out. */
const indifferent = (shape: number[], bounds: readonly [number, number]): Classifier => ({
  classes: 2,
  inputShape: shape as [number, number, number],
  bounds,
  logits: (x) => tf.zeros([x.shape[0], 2]),
});

const noisy = (
  images: tf.Tensor4D,
  betas: number[],
  bounds: readonly [number, number],
  options?: UniformNoiseOptions,
) =>
  uniformNoise(options)
    .run(
      indifferent(images.shape.slice(1), bounds),
      images,
      labelsOf(...new Array<number>(images.shape[0]).fill(0)),
      {
        strengths: betas,
        random: randomStream(5, 'noise'),
      },
    )
    .map(({ adversarial }) => adversarial.dataSync());

describe.each([
  { bounds: [0, 1] as const, filled: [0.1, 0.8] as const },
  { bounds: [-1, 3] as const, filled: [-0.5, 2] as const },
])('uniform noise within $bounds', ({ bounds, filled }) => {
  const [low, high] = bounds;
  const u = randomStream(5, 'noise').uniforms(3 * SIZE);

  it('is rescaled by each image’s own extremes', () => {
    const images = randomImages(SHAPE, filled);
    const x = images.dataSync();
    const betas = [0.3, 1.7];
    noisy(images, betas, bounds).forEach((pixels, b) => {
      for (let i = 0; i < 3; i++) {
        const y = Array.from({ length: SIZE }, (_, j) => x[i * SIZE + j] + betas[b] * u[i * SIZE + j]);
        const [least, most] = [Math.min(...y), Math.max(...y)];
        const expected = y.map((value) => low + ((high - low) * (value - least)) / (most - least));
        expect(pixels.slice(i * SIZE, (i + 1) * SIZE)).toBeAllclose(expected, 1e-5);
      }
    });
  });

  it('is rescaled by its bound', () => {
    const images = randomImages(SHAPE, filled);
    const x = images.dataSync();
    const betas = [0.3, 1.7];
    noisy(images, betas, bounds, { rescale: 'bound' }).forEach((pixels, b) => {
      const expected = Array.from(
        x,
        (value, i) => low + ((high - low) * (value + betas[b] * u[i] - low)) / (high - low + betas[b]),
      );
      expect(pixels).toBeAllclose(expected, 1e-5);
    });
  });

  it.each(['min-max', 'bound'] as const)('is nothing at β = 0 (%s)', (rescale) => {
    const images = randomImages(SHAPE, filled);
    expect(noisy(images, [0], bounds, { rescale })[0]).toEqual(images.dataSync());
  });
});

describe('uniform noise', () => {
  it('leaves an image that stays flat finite and within the bounds', () => {
    const onePixel = tf.tensor4d([0, 0.5, 1], [3, 1, 1, 1]);
    const [pixels] = noisy(onePixel, [0.25], [0, 1]);
    const u = randomStream(5, 'noise').uniforms(3);
    expect(pixels).toBeAllclose([u[0] / 4, 0.5 + u[1] / 4, 1], 1e-6);
  });

  it('draws other noise from another stream', () => {
    const images = tf.fill<tf.Rank.R4>([1, 5, 4, 2], 0.5);
    const run = (name: string) =>
      uniformNoise().run(indifferent([5, 4, 2], [0, 1]), images, labelsOf(0), {
        strengths: [0.1],
        random: randomStream(5, name),
      })[0].adversarial;
    expect(run('a').dataSync()).toEqual(run('a').dataSync());
    expect(run('a').dataSync()).not.toEqual(run('b').dataSync());
  });
});
