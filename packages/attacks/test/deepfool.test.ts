import * as tf from '@tensorflow/tfjs';
import { randomStream, type Classifier } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { deepFool } from '../src/index.js';
import { argMax, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const model = openLinear(4);
/** u(x) = x + x², so that slopes change on the way: z = u(x)·W + b with ∂z_k/∂x_j = W_jk (1 + 2 x_j). */
const curved: Classifier = {
  ...model.classifier,
  logits: (x) => tf.tidy(() => model.classifier.logits(x.add(x.square()))),
};
const curvedLogits = (x: number[]) =>
  logitsOf(
    model,
    x.map((v) => v + v * v),
  )[0];

/** Algorithm 2 in plain loops, for one image, with steps that are 1e-4 longer. */
function literal(x0: number[], steps: number, overshoot: number): number[] {
  const y = argMax(curvedLogits(x0));
  const total = x0.map(() => 0);
  let x = x0;
  for (let i = 0; i < steps; i++) {
    const z = curvedLogits(x);
    if (argMax(z) !== y) break;
    let best = { far: Infinity, step: [] as number[] };
    for (let k = 0; k < z.length; k++) {
      if (k === y) continue;
      const w = x.map((v, j) => (model.weights[j][k] - model.weights[j][y]) * (1 + 2 * v));
      const square = w.reduce((sum, v) => sum + v * v, 0);
      const lead = Math.abs(z[k] - z[y]);
      if (lead / Math.sqrt(square) < best.far)
        best = {
          far: lead / Math.sqrt(square),
          step: w.map((v) => (lead / square + 1e-4 / Math.sqrt(square)) * v),
        };
    }
    best.step.forEach((v, j) => (total[j] += v));
    x = x0.map((v, j) => Math.min(1, Math.max(0, v + (1 + overshoot) * total[j])));
  }
  return x;
}

describe('deepFool', () => {
  it.each([
    [50, 0.02],
    [50, 0.0],
    [1, 0.3],
  ])('takes the steps of algorithm 2 (%d steps, overshoot %d)', (steps, overshoot) => {
    const images = middleImages(4);
    const rows = images.reshape<tf.Tensor2D>([4, 24]).arraySync();
    const labels = labelsOf(...rows.map((row) => argMax(curvedLogits(row))));
    const outcome = deepFool({ steps, overshoot }).minimize(curved, images, labels, {
      random: randomStream(1),
    });
    const found = outcome.adversarial.reshape<tf.Tensor2D>([4, 24]).arraySync();
    rows.forEach((row, i) => {
      if (outcome.succeeded[i]) expect(found[i]).toBeAllclose(literal(row, steps, overshoot), 1e-5);
    });
    expect([...outcome.succeeded]).toContain(1);
    tf.dispose([images, labels, outcome.adversarial]);
  });

  it('considers the classes next to the label alone, where told to', () => {
    const images = middleImages(6, 9);
    const z = logitsOf(model, images.dataSync());
    const labels = labelsOf(...z.map(argMax));
    const outcome = deepFool({ candidates: 2 }).minimize(model.classifier, images, labels, {
      random: randomStream(1),
    });
    const second = z.map((logits) => logits.indexOf([...logits].sort((a, b) => b - a)[1]));
    // On a linear classifier only the plane of the class considered is crossed, unless another was nearer.
    const crossed = logitsOf(model, outcome.adversarial.dataSync());
    crossed.forEach((after, i) => {
      const y = argMax(z[i]);
      const lead = (after[second[i]] - after[y]) / (z[i][y] - z[i][second[i]]);
      const slope = Math.hypot(...model.weights.map((row) => row[second[i]] - row[y]));
      const far = (z[i][y] - z[i][second[i]]) / slope;
      expect(lead).toBeCloseTo(1.02 * (1 + 1e-4 / far) - 1, 4);
    });
    tf.dispose([images, labels, outcome.adversarial]);
  });

  it('arrives where pixels at the bounds take no part', () => {
    const two = openLinear(2);
    const slope = two.weights.map(([a, b]) => a - b);
    // To leave its class it has to go down where the slope is positive, and up elsewhere: two of three pixels can't.
    const pixels = slope.map((w, j): number => (j % 3 === 0 ? 0.5 : w > 0 ? 0 : 1));
    const images = tf.tensor4d(pixels, [1, 4, 3, 2]);
    const shift = 0.3 - pixels.reduce((sum, x, j) => sum + x * slope[j], 0);
    const classifier: Classifier = {
      ...two.classifier,
      logits: (x) =>
        tf.tidy(() => two.classifier.logits(x).add<tf.Tensor2D>([shift - two.bias[0], -two.bias[1]])),
    };
    const labels = labelsOf(0);
    const outcome = deepFool({ steps: 25 }).minimize(classifier, images, labels, { random: randomStream(1) });
    expect([...outcome.succeeded]).toEqual([1]);
    tf.dispose([images, labels, outcome.adversarial]);
  });

  it('ends where the classifier is flat, without NaN', () => {
    const flat: Classifier = {
      ...model.classifier,
      logits: (x) => tf.tidy(() => x.sum([1, 2, 3]).mul(0).expandDims<tf.Tensor2D>(1).add([1, 0, 0, 0])),
    };
    const images = middleImages(2);
    const outcome = deepFool({ steps: 3 }).minimize(flat, images, labelsOf(0, 0), {
      random: randomStream(1),
    });
    expect([...outcome.distance]).toEqual([Infinity, Infinity]);
    tf.dispose([images, outcome.adversarial]);
  });
});
