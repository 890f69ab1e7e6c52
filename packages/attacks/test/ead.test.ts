import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { carliniWagner, ead } from '../src/index.js';
import { argMax, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const model = openLinear(3);

/** FISTA for one c, in plain loops, for one image; of what fools, the nearest in L1. */
function literal(x0: number[], steps: number, c: number, beta: number) {
  const y = argMax(logitsOf(model, x0)[0]);
  let best = { length: Infinity, x: x0 };
  let [x, slack] = [x0, x0];
  for (let k = 0; k < steps; k++) {
    const z = logitsOf(model, slack)[0];
    const other = argMax(z.map((value, i) => (i === y ? -Infinity : value)));
    const rate = 0.01 * Math.sqrt(1 - k / steps);
    const next = slack.map((value, j) => {
      const push = z[y] > z[other] ? c * (model.weights[j][y] - model.weights[j][other]) : 0;
      const moved = value - rate * (2 * (value - x0[j]) + push) - x0[j];
      const shrunk = Math.sign(moved) * Math.max(0, Math.abs(moved) - beta);
      return Math.min(1, Math.max(0, x0[j] + shrunk));
    });
    const length = next.reduce((sum, value, j) => sum + Math.abs(value - x0[j]), 0);
    if (argMax(logitsOf(model, next)[0]) !== y && length < best.length) best = { length, x: next };
    slack = next.map((value, j) => value + (k / (k + 3)) * (value - x[j]));
    x = next;
  }
  return best;
}

const attacked = (attack: ReturnType<typeof ead>) => {
  const images = middleImages(4);
  const rows = images.reshape<tf.Tensor2D>([4, 24]).arraySync();
  const labels = labelsOf(...rows.map((row) => argMax(logitsOf(model, row)[0])));
  const outcome = attack.minimize(model.classifier, images, labels, { random: randomStream(1) });
  const found = outcome.adversarial.reshape<tf.Tensor2D>([4, 24]).arraySync();
  tf.dispose([images, labels, outcome.adversarial]);
  return { ...outcome, rows, found };
};

describe('ead', () => {
  it.each([
    [40, 3, 0.01],
    [25, 10, 0.03],
  ])('takes the steps of FISTA (%d steps, c = %d, β = %d)', (steps, c, beta) => {
    const attack = ead({ steps, searches: 1, firstConstant: c, beta, abortEarly: false });
    const { rows, found, distance } = attacked(attack);
    expect(Math.min(...distance)).toBeLessThan(Infinity);
    rows.forEach((row, i) => {
      const best = literal(row, steps, c, beta);
      if (best.length === Infinity) expect(distance[i]).toBe(Infinity);
      else expect(found[i]).toBeAllclose(best.x, 1e-3);
    });
  });

  it('searches c, and finds less in L1, in fewer pixels, than an attack in L2', () => {
    const sparse = attacked(ead({ steps: 100, searches: 8, firstConstant: 0.1, beta: 0.02 }));
    const dense = attacked(carliniWagner({ steps: 100, searches: 6, firstConstant: 0.01 }));
    expect([...sparse.succeeded]).toEqual([1, 1, 1, 1]);
    expect([...dense.succeeded]).toEqual([1, 1, 1, 1]);
    sparse.distance.forEach((distance, i) => expect(distance).toBeLessThan(0.95 * dense.l1[i]));
    sparse.l0.forEach((pixels, i) => expect(pixels).toBeLessThan(dense.l0[i]));
  });
});
