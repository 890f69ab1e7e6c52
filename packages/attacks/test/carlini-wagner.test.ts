import * as tf from '@tensorflow/tfjs';
import { randomStream, type Classifier } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { carliniWagner } from '../src/index.js';
import { argMax, logitsOf, middleImages, openLinear } from './_closest.js';
import { counted, labelsOf } from './_fixtures.js';

useEngine('cpu');

const random = () => randomStream(1);
const BOUNDS = [-1, 2] as const;
const model = openLinear(3, BOUNDS, 5);

/** Adam over v, and the search for c, in plain loops for one image. */
function literal(
  x0: number[],
  { steps, searches, c: first }: { steps: number; searches: number; c: number },
) {
  const [middle, half] = [0.5, 1.5];
  const y = argMax(logitsOf(model, x0)[0]);
  const origin = x0.map((x) => Math.atanh(((x - middle) / half) * 0.999999));
  const reference = origin.map((v) => middle + half * Math.tanh(v));
  let best = { length: Infinity, x: x0 };
  let [c, lower, upper] = [first, 0, 1e10];
  for (let search = 0; search < searches; search++) {
    const [change, m, v] = [x0.map(() => 0), x0.map(() => 0), x0.map(() => 0)];
    let reached = false;
    for (let t = 1; t <= steps; t++) {
      const x = origin.map((o, j) => middle + half * Math.tanh(o + change[j]));
      const z = logitsOf(model, x)[0];
      const other = argMax(z.map((value, k) => (k === y ? -Infinity : value)));
      if (z[other] > z[y]) {
        reached = true;
        const length = Math.hypot(...x.map((value, j) => value - x0[j]));
        if (length < best.length) best = { length, x };
      }
      x.forEach((value, j) => {
        const push = z[y] > z[other] ? c * (model.weights[j][y] - model.weights[j][other]) : 0;
        const slope = 1 - Math.tanh(origin[j] + change[j]) ** 2;
        // Lengths are measured as if the bounds were [0, 1].
        const g = ((2 * (value - reference[j])) / (2 * half) ** 2 + push) * half * slope;
        m[j] = 0.9 * m[j] + 0.1 * g;
        v[j] = 0.999 * v[j] + 0.001 * g * g;
        change[j] -= (0.01 * (m[j] / (1 - 0.9 ** t))) / (Math.sqrt(v[j] / (1 - 0.999 ** t)) + 1e-7);
      });
    }
    if (reached) upper = Math.min(upper, c);
    else lower = Math.max(lower, c);
    c = upper < 1e9 ? (lower + upper) / 2 : c * 10;
  }
  return best;
}

describe('carliniWagner', () => {
  it('minimises and searches as the paper has it', () => {
    const images = middleImages(3);
    const rows = images.reshape<tf.Tensor2D>([3, 24]).arraySync();
    const labels = labelsOf(...rows.map((row) => argMax(logitsOf(model, row)[0])));
    const { adversarial, distance } = carliniWagner({
      ...{ steps: 60, searches: 4, firstConstant: 0.003, abortEarly: false },
    }).minimize(model.classifier, images, labels, { random: random() });
    const found = adversarial.reshape<tf.Tensor2D>([3, 24]).arraySync();
    rows.forEach((row, i) => {
      const best = literal(row, { steps: 60, searches: 4, c: 0.003 });
      expect(distance[i]).toBeCloseTo(best.length, 3);
      expect(found[i]).toBeAllclose(best.x, 2e-3);
    });
    tf.dispose([images, labels, adversarial]);
  });

  it('moves pixels that lie on the bounds', () => {
    const edges = openLinear(2, [0, 1], 20);
    const images = tf.tensor4d(
      [0, 1].flatMap((edge) => new Array<number>(24).fill(edge)),
      [2, 4, 3, 2],
    );
    const labels = labelsOf(...logitsOf(edges, images.dataSync()).map(argMax));
    const { adversarial, succeeded, linf } = carliniWagner({
      ...{ steps: 200, searches: 1, firstConstant: 10, learningRate: 0.1, abortEarly: false },
    }).minimize(edges.classifier, images, labels, { random: random() });
    expect([...succeeded]).toEqual([1, 1]);
    expect(Math.min(...linf)).toBeGreaterThan(0.005);
    tf.dispose([images, labels, adversarial]);
  });

  it('lets the other class lead by κ', () => {
    const images = middleImages(3);
    const labels = labelsOf(...logitsOf(model, images.dataSync()).map(argMax));
    const { adversarial, predicted } = carliniWagner({
      ...{ steps: 150, searches: 3, firstConstant: 0.1, confidence: 2 },
    }).minimize(model.classifier, images, labels, { random: random() });
    const own = labels.dataSync();
    logitsOf(model, adversarial.dataSync()).forEach((z, i) => {
      expect(z[predicted[i]] - z[own[i]]).toBeGreaterThan(1.99);
      expect(z[predicted[i]] - z[own[i]]).toBeLessThan(2.5);
    });
    tf.dispose([images, labels, adversarial]);
  });

  it('ends early where nothing is gained, unless told not to', () => {
    const flat: Classifier = {
      ...model.classifier,
      logits: (x) => tf.tidy(() => x.sum([1, 2, 3]).mul(0).expandDims<tf.Tensor2D>(1).add([1, 0, 0])),
    };
    const images = middleImages(2);
    const forwards = (abortEarly: boolean) => {
      const { classifier } = counted(flat);
      const attack = carliniWagner({ steps: 40, searches: 2, abortEarly });
      const labels = labelsOf(0, 0);
      const { adversarial, cost, distance } = attack.minimize(classifier, images, labels, {
        random: random(),
      });
      expect([...distance]).toEqual([Infinity, Infinity]);
      tf.dispose([labels, adversarial]);
      return cost.forwards;
    };
    // Looks after the steps 1, 5, …: the second finds nothing gained.
    expect(forwards(true)).toBe(2 * 2 * 5);
    expect(forwards(false)).toBe(2 * 2 * 40);
    images.dispose();
  });
});
