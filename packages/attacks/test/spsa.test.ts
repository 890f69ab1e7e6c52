import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { spsa } from '../src/index.js';
import { argMax, closest, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const model = openLinear(3);

const margin = (x: number[], y: number) => {
  const z = logitsOf(model, x)[0];
  return Math.max(...z.filter((_, k) => k !== y)) - z[y];
};

/** Adam on the estimates in plain loops, for one image that isn't fooled on the way. */
function literal(x0: number[], { epsilon, steps, pairs }: { epsilon: number; steps: number; pairs: number }) {
  const stream = randomStream(randomStream(1).seed(), 'strength');
  const y = argMax(logitsOf(model, x0)[0]);
  const clip = (x: number[]) =>
    x.map((v, j) => Math.min(1, Math.max(0, Math.min(x0[j] + epsilon, Math.max(x0[j] - epsilon, v)))));
  let x = clip([...stream.uniforms(24, -1, 1)].map((u, j) => x0[j] + epsilon * u));
  let best = x0;
  const [m, v] = [x0.map(() => 0), x0.map(() => 0)];
  for (let t = 1; t <= steps; t++) {
    const g = x.map(() => 0);
    for (let pair = 0; pair < pairs; pair++) {
      const signs = [...stream.uniforms(24, -1, 1)].map((u) => (u < 0 ? -1 : 1));
      const [up, down] = [0.01, -0.01].map((d) =>
        margin(
          x.map((value, j) => value + d * signs[j]),
          y,
        ),
      );
      signs.forEach((sign, j) => (g[j] += ((up - down) / (2 * 0.01) / pairs) * sign));
    }
    x = clip(
      x.map((value, j) => {
        m[j] = 0.9 * m[j] + 0.1 * g[j];
        v[j] = 0.999 * v[j] + 0.001 * g[j] ** 2;
        return value + (0.02 * (m[j] / (1 - 0.9 ** t))) / (Math.sqrt(v[j] / (1 - 0.999 ** t)) + 1e-7);
      }),
    );
    if (best === x0 || margin(x, y) > margin(best, y)) best = x;
  }
  expect(margin(best, y)).toBeLessThan(0);
  return best;
}

describe('spsa', () => {
  it('estimates and steps as the formulas do', () => {
    const images = middleImages(6);
    const distances = closest(model, images.dataSync(), 'linf');
    const row = images.reshape<tf.Tensor2D>([6, 24]).arraySync()[distances.indexOf(Math.max(...distances))];
    const epsilon = 0.8 * Math.max(...distances);
    const image = tf.tensor4d(row, [1, 4, 3, 2]);
    const labels = labelsOf(argMax(logitsOf(model, row)[0]));
    const [{ adversarial, cost }] = spsa({ steps: 6, samples: 10, learningRate: 0.02 }).run(
      model.classifier,
      image,
      labels,
      { strengths: [epsilon], random: randomStream(1) },
    );
    expect(adversarial).toBeAllclose(literal(row, { epsilon, steps: 6, pairs: 5 }), 1e-3);
    expect(cost).toEqual({ forwards: 6 * 11, backwards: 0 });
    tf.dispose([images, image, labels, adversarial]);
  });

  it('fools from 1.1 times the distance of the boundary on, and not below it', () => {
    const images = middleImages(3);
    const pixels = images.dataSync();
    const labels = labelsOf(...logitsOf(model, pixels).map(argMax));
    closest(model, pixels, 'linf').forEach((distance, i) => {
      const [image, label] = [images.slice(i, 1), labels.slice(i, 1)];
      const options = { strengths: [0.99 * distance, 1.1 * distance], random: randomStream(2) };
      const outcomes = spsa({ steps: 25, samples: 32 }).run(model.classifier, image, label, options);
      expect(outcomes.map(({ succeeded }) => succeeded[0])).toEqual([0, 1]);
      tf.dispose([image, label, outcomes.map(({ adversarial }) => adversarial)]);
    });
    tf.dispose([images, labels]);
  });
});
