import * as tf from '@tensorflow/tfjs';
import {
  asClassifier,
  localParts,
  randomStream,
  withLocalParts,
  type Classifier,
  type LocalParts,
} from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { square, squareShare } from '../src/index.js';
import { argMax, closest, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const model = openLinear(3);

const margin = (x: number[], y: number) => {
  const z = logitsOf(model, x)[0];
  return Math.max(...z.filter((_, k) => k !== y)) - z[y];
};

/** Algorithm 1 in plain loops, for one image of 4×3×2. */
function literal(x0: number[], y: number, epsilon: number, queries: number, random = randomStream(1)) {
  const stream = randomStream(random.seed(), 'strength');
  const clip = (x: number[]) =>
    x.map((v, j) => Math.min(1, Math.max(0, Math.min(x0[j] + epsilon, Math.max(x0[j] - epsilon, v)))));
  const sign = () => (stream.uniform() < 0.5 ? -1 : 1);
  const stripes = Array.from({ length: 3 * 2 }, sign);
  let x = clip(x0.map((v, j) => v + epsilon * stripes[j % 6]));
  for (let query = 1; query < queries && margin(x, y) <= 0; query++) {
    const side = Math.min(Math.max(Math.round(Math.sqrt(squareShare(query - 1, queries, 0.8) * 12)), 1), 2);
    const [top, left] = [stream.integer(4 - side + 1), stream.integer(3 - side + 1)];
    const signs = [sign(), sign()];
    const tried = clip(
      x.map((v, j) => {
        const [row, column, channel] = [Math.floor(j / 6), Math.floor(j / 2) % 3, j % 2];
        const inside = row >= top && row < top + side && column >= left && column < left + side;
        return inside ? v + 2 * epsilon * signs[channel] : v;
      }),
    );
    if (margin(tried, y) > margin(x, y)) x = tried;
  }
  return x;
}

describe('squareShare', () => {
  it('halves after 10, 50, 200, 500, 1000, 2000, 4000, 6000 and 8000 of 10,000 queries', () => {
    const table = [
      [0, 1],
      [10, 1],
      [11, 2],
      [50, 2],
      [51, 4],
      [200, 4],
      [201, 8],
      [501, 16],
      [1001, 32],
      [2001, 64],
      [4001, 128],
      [6001, 256],
      [8000, 256],
      [8001, 512],
      [9999, 512],
    ];
    for (const [query, divisor] of table) expect(squareShare(query, 10_000, 0.8)).toBe(0.8 / divisor);
    // The same parts of 5,000.
    expect(squareShare(5, 5000, 0.8)).toBe(0.8);
    expect(squareShare(6, 5000, 0.8)).toBe(0.4);
    expect(squareShare(4001, 5000, 0.8)).toBe(0.8 / 512);
  });
});

describe('square', () => {
  it.each([0.02, 0.5])('searches as algorithm 1 does (ε = %d)', (epsilon) => {
    const images = middleImages(3, 8);
    const rows = images.reshape<tf.Tensor2D>([3, 24]).arraySync();
    rows.forEach((row) => {
      const y = argMax(logitsOf(model, row)[0]);
      const image = tf.tensor4d(row, [1, 4, 3, 2]);
      const labels = labelsOf(y);
      const options = { strengths: [epsilon], random: randomStream(1) };
      const [{ adversarial }] = square({ queries: 40 }).run(model.classifier, image, labels, options);
      expect(adversarial).toBeAllclose(literal(row, y, epsilon, 40), 1e-5);
      tf.dispose([image, labels, adversarial]);
    });
    images.dispose();
  });

  it('fools from 1.2 times the distance of the boundary on, with a few hundred queries, and not below it', () => {
    const images = middleImages(3);
    const pixels = images.dataSync();
    const labels = labelsOf(...logitsOf(model, pixels).map(argMax));
    closest(model, pixels, 'linf').forEach((distance, i) => {
      const [image, label] = [images.slice(i, 1), labels.slice(i, 1)];
      const options = { strengths: [0.99 * distance, 1.2 * distance], random: randomStream(2) };
      const outcomes = square({ queries: 250 }).run(model.classifier, image, label, options);
      expect(outcomes.map(({ succeeded }) => succeeded[0])).toEqual([0, 1]);
      tf.dispose([image, label, outcomes.map(({ adversarial }) => adversarial)]);
    });
    tf.dispose([images, labels]);
  });

  it('asks no more than it may, and no gradient', () => {
    const images = middleImages(2);
    const labels = labelsOf(...logitsOf(model, images.dataSync()).map(argMax));
    const options = { strengths: [1e-4], random: randomStream(2) };
    const [{ cost, adversarial }] = square({ queries: 30 }).run(model.classifier, images, labels, options);
    expect(cost).toEqual({ forwards: 2 * 30, backwards: 0 });
    tf.dispose([images, labels, adversarial]);
  });
});

describe('square on a network that begins with convolutions', () => {
  /** Two 3×3 convolutions on 20×20, so that a feature depends on 5×5 pixels. */
  const network = () => {
    const initializer = (seed: number) => tf.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed });
    const conv = (seed: number) =>
      tf.layers.conv2d({
        filters: 3,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: initializer(seed),
      });
    const layers = [
      tf.layers.inputLayer({ inputShape: [20, 20, 1] }),
      ...[conv(1), conv(2), tf.layers.flatten()],
      tf.layers.dense({ units: 4, kernelInitializer: initializer(3) }),
    ];
    return tf.sequential({ layers });
  };

  it('finds the same images as by whole images, of which it computes only the windows', () => {
    const whole = asClassifier(network());
    const sizes: number[] = [];
    const parts = localParts(whole)!;
    const counted: LocalParts = {
      ...parts,
      maps: (images) => {
        sizes.push(images.shape[1]);
        return parts.maps(images);
      },
    };
    const byWindows = { ...whole, logits: withLocalParts((x: tf.Tensor4D) => whole.logits(x), counted) };
    const byImages = { ...whole, logits: (x: tf.Tensor4D) => whole.logits(x) };
    expect(localParts(byImages)).toBeUndefined();
    const images = tf.tensor4d(randomStream(7).uniforms(6 * 400, 0.2, 0.8), [6, 20, 20, 1]);
    const labels = tf.tidy(() => whole.logits(images).argMax<tf.Tensor1D>(1).toInt());
    const attacked = (classifier: Classifier) =>
      square({ queries: 60 }).run(classifier, images, labels, {
        strengths: [0.05],
        random: randomStream(3),
      })[0];
    const [some, all] = [attacked(byWindows), attacked(byImages)];
    expect(some.adversarial).toBeAllclose(all.adversarial.dataSync(), 1e-6);
    expect(some.succeeded).toEqual(all.succeeded);
    expect(some.cost).toEqual(all.cost);
    // Some were fooled, some stand, and some changed: the comparison has something to compare.
    expect(new Set(some.succeeded)).toEqual(new Set([0, 1]));
    // Squares of up to 6, in windows 4 and 4 larger; the first ones, of 8 and more, need the whole image.
    expect([...new Set(sizes)]).toEqual([20, 14, 12, 10]);
    tf.dispose([images, labels, some.adversarial, all.adversarial]);
  });
});
