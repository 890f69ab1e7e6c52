import * as tf from '@tensorflow/tfjs';
import type { LossName } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { aimed, checkLoss, losses } from '../src/index.js';

useEngine('cpu');

const descending = (z: number[]) => [...z].sort((a, b) => b - a);
const other = (z: number[], y: number) => Math.max(...z.filter((_, k) => k !== y));
const logSum = (z: number[]) => Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0));

/** The formulas as they are published, in float64. */
const literal: Record<LossName, (z: number[], y: number, t: number) => number> = {
  ce: (z, y) => logSum(z) - z[y],
  margin: (z, y) => other(z, y) - z[y],
  dlr: (z, y) => -(z[y] - other(z, y)) / (descending(z)[0] - descending(z)[2] + 1e-12),
  'target-ce': (z, _y, t) => z[t] - logSum(z),
  'target-margin': (z, _y, t) => z[t] - other(z, t),
  'target-lead': (z, y, t) => z[t] - z[y],
  'dlr-targeted': (z, y, t) => {
    const [first, , third, fourth] = descending(z);
    return -(z[y] - z[t]) / (first - (third + fourth) / 2 + 1e-12);
  },
  'answer-margin': (z, y) => other(z, y) - z[y],
  suspicion: () => -1,
};

/** Central differences of the literal formula. */
const numerical = (f: (z: number[]) => number, z: number[]) =>
  z.map((_, k) => {
    const at = (step: number) => f(z.map((value, j) => (j === k ? value + step : value)));
    return (at(1e-6) - at(-1e-6)) / 2e-6;
  });

const LOGITS = [
  [0.2, -1.3, 2.1, 0.4, -0.7],
  [3.5, -1.3, 2.1, 0.4, 1.7],
  [-0.5, -3, -2.5, -0.1, -9],
];
const LABELS = [2, 1, 4];
const TARGETS = [0, 2, 3];

const computed = (name: LossName, logits = LOGITS, labels = LABELS, targets = TARGETS) =>
  tf.tidy(() => {
    const [y, t] = [tf.tensor1d(labels, 'int32'), tf.tensor1d(targets, 'int32')];
    const f = (z: tf.Tensor) => losses[name].of(z as tf.Tensor2D, y, t);
    const z = tf.tensor2d(logits);
    // Weighted, so that an image that gets another's gradient is noticed.
    const gradient = tf.grad((x) => f(x).mul([1, 2, 3].slice(0, logits.length)).sum())(z);
    return { loss: [...f(z).dataSync()], gradient: gradient.arraySync() as number[][] };
  });

describe.each(Object.keys(losses) as LossName[])('the loss %s', (name) => {
  it('is the literal formula, with its gradient', async () => {
    const { loss, gradient } = await expectNoLeak(() => computed(name));
    LOGITS.forEach((z, i) => {
      const f = (at: number[]) => literal[name](at, LABELS[i], TARGETS[i]);
      expect(loss[i]).toBeCloseTo(f(z), 5);
      const expected = numerical(f, z).map((slope) => slope * (i + 1));
      expect(gradient[i]).toBeAllclose(expected, 1e-4);
    });
  });

  // Where no class abstains, nothing is suspicious.
  it.skipIf(name === 'suspicion')('rises as the attack succeeds', () => {
    const { targeted } = losses[name];
    const towards = [0, 1, 2, 3, 4].map((k) => (k === 3 ? 2 : 0));
    const [before, after] = [[1, 0, 0.5, 0, 0.2], towards].map((z) => computed(name, [z], [0], [3]).loss[0]);
    expect(after).toBeGreaterThan(before);
    expect(losses[aimed(name, true)].targeted).toBe(true);
    expect(aimed(name, false)).toBe(name);
    if (targeted) expect(aimed(name, true)).toBe(name);
  });

  it('gives each of equal logits no more than its due', () => {
    const { loss, gradient } = computed(name, [[1, 1, 1, 1]], [0], [1]);
    expect(Number.isFinite(loss[0])).toBe(true);
    expect(gradient[0].every(Number.isFinite)).toBe(true);
    // Shifting all logits changes nothing; the ratio's gradient there is 1e12 and more.
    const scale = Math.max(1, ...gradient[0].map(Math.abs));
    expect(gradient[0].reduce((sum, slope) => sum + slope / scale, 0)).toBeCloseTo(0, 5);
  });
});

describe('the difference of logits ratio', () => {
  it.each(['dlr', 'dlr-targeted'] as const)('%s does not change as logits are shifted and scaled', (name) => {
    const changed = LOGITS.map((z) => z.map((value) => 20 * value + 3));
    expect(computed(name, changed).loss).toBeAllclose(computed(name).loss, 1e-5);
  });

  it('needs classes to compare with', () => {
    expect(() => checkLoss('dlr', 2)).toThrow(/dlr is not defined for 2 classes/);
    expect(() => checkLoss('dlr-targeted', 3)).toThrow(/dlr-targeted is not defined for 3 classes/);
    for (const [name, { minClasses }] of Object.entries(losses))
      expect(() => checkLoss(name as LossName, minClasses)).not.toThrow();
  });
});
