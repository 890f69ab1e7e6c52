import * as tf from '@tensorflow/tfjs';
import { randomStream, WeightmapError, type MinimalMethod, type NormName } from '@weightmap/core';
import { expectNoLeak, linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { judgedMinimal } from '../src/index.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

/** Class 1 from 0.5 on, by the mean of two pixels; class 2 from 0.8 on. */
const classifier = linearClassifier({
  inputShape: [1, 2, 1],
  weights: [
    [-1, 1, 3],
    [-1, 1, 3],
  ],
  bias: [1, -1, -4.2],
});

/** Class 0, class 0, class 0, class 1. */
const images = () => tf.tensor4d([0.4, 0.4, 0.1, 0.3, 0.2, 0.2, 0.6, 0.7], [4, 1, 2, 1]);
const labels = () => labelsOf(0, 0, 0, 0);
const random = randomStream(1);

const methodOf = (nearest: MinimalMethod['nearest'], norm: NormName = 'l2'): MinimalMethod => ({
  id: 'made-up',
  label: 'Made up',
  kind: 'minimal',
  strengthUnit: 'epsilon',
  norm,
  targeted: true,
  usesGradient: false,
  source: 'this test',
  nearest,
});

/** The first image fooled by (0.3, 0.4), the second not, the third by a pixel beyond the bounds, the fourth is already. */
const changes = [0.3, 0.4, 0.1, 0.1, 0.9, 0, 0.2, 0.2];
const fixed = (norm?: NormName) =>
  methodOf((_v, { images: x }) => x.add(tf.tensor4d(changes, [4, 1, 2, 1])), norm);

describe('what a minimal attack found', () => {
  it('is clipped, judged and measured; what fools from the start is at 0, what does not at Infinity', async () => {
    const [x, y] = [images(), labels()];
    const outcome = await expectNoLeak(
      () => judgedMinimal(fixed()).minimize(classifier, x, y, { random }),
      1,
    );
    const { adversarial, distance, predicted, succeeded, misclassified, l0, l1, l2, linf } = outcome;
    expect(adversarial).toBeAllclose([0.7, 0.8, 0.1, 0.3, 1, 0.2, 0.6, 0.7], 1e-6);
    expect([...predicted]).toEqual([1, 0, 1, 1]);
    expect([...succeeded]).toEqual([1, 0, 1, 1]);
    expect(misclassified).toEqual(succeeded);
    expect(distance[0]).toBeCloseTo(0.5, 6);
    expect([...distance.slice(1)].map((d) => Math.round(d * 1e6) / 1e6)).toEqual([Infinity, 0.8, 0]);
    expect(linf).toBeAllclose([0.4, 0, 0.8, 0], 1e-6);
    expect(l2).toBeAllclose([0.5, 0, 0.8, 0], 1e-6);
    expect(l1).toBeAllclose([0.7, 0, 0.8, 0], 1e-6);
    expect([...l0]).toEqual([2, 0, 1, 0]);
  });

  it.each([
    ['linf', [0.4, 0.8]],
    ['l2', [0.5, 0.8]],
    ['l1', [0.7, 0.8]],
    ['l0', [2, 1]],
  ] as const)('is cut off by its length in %s', (norm, [first, third]) => {
    const [x, y] = [images(), labels()];
    const clean = [...x.dataSync()];
    const strengths = [0, first, 0.999 * first, third, 0.999 * third, 100];
    const outcomes = judgedMinimal(fixed(norm)).run(classifier, x, y, { strengths, random });
    outcomes.forEach(({ strength, adversarial, succeeded, predicted, l2, cost }) => {
      const reached = [first <= strength, false, third <= strength, false];
      expect([...succeeded]).toEqual(reached.map((is, i) => Number(is || i === 3)));
      expect([...predicted]).toEqual(reached.map((is, i) => Number(is || i === 3)));
      reached.forEach((is, i) => {
        const pixels = [...adversarial.dataSync()].slice(2 * i, 2 * i + 2);
        if (!is) expect(pixels).toEqual(clean.slice(2 * i, 2 * i + 2));
        expect(l2[i] > 0).toBe(is);
      });
      expect(cost).toEqual({ forwards: 0, backwards: 0 });
    });
  });

  it('has reached a target, or nothing', () => {
    const [x, y] = [images(), labels()];
    const to = (targets: number[]) =>
      judgedMinimal(fixed()).minimize(classifier, x, y, { random, targets: labelsOf(...targets) });
    const { succeeded, misclassified, distance, adversarial } = to([1, 1, 2, 1]);
    expect([...succeeded]).toEqual([1, 0, 0, 1]);
    expect([...misclassified]).toEqual([1, 0, 0, 1]); // the third is class 1, no target: back to the clean image
    expect([...distance].map(Number.isFinite)).toEqual([true, false, false, true]);
    expect([...adversarial.dataSync()].slice(4, 6)).toEqual([...x.dataSync()].slice(4, 6));
    expect([...to([2, 2, 2, 2]).succeeded]).toEqual([0, 0, 0, 1]); // the fourth goes on from 1 to 2
  });

  it('counts what the method passes through the classifier', () => {
    const method = methodOf((victim, { images: x, labels: y }) => {
      victim.logits(x);
      return x.add(victim.gradient({ images: x, labels: y, loss: 'margin' }).gradient);
    });
    const { cost } = judgedMinimal(method).minimize(classifier, images(), labels(), { random });
    expect(cost).toEqual({ forwards: 8, backwards: 4 });
  });

  it.each([
    [
      'has to be finite',
      methodOf((_v, { images: x }) => x.add(tf.scalar(NaN))),
      /pixels that are NaN or infinite/,
    ],
    ['has to keep its shape', methodOf((_v, { images: x }) => x.reshape([2, 2, 2, 1])), /\[2, 2, 2, 1\]/],
    [
      'may come of finite gradients only',
      methodOf((v, { images: x, labels: y }) => {
        v.compute(
          (model) =>
            ({ at }: { at: tf.Tensor4D }) =>
              model.gradient({ images: at, labels: y, loss: 'ce' }),
          { at: x.div<tf.Tensor4D>(0) },
        );
        return x;
      }),
      /not finite|NaN/,
    ],
  ])('%s', async (_what, method, message) => {
    const [x, y] = [images(), labels()];
    await expectNoLeak(() => {
      expect(() => judgedMinimal(method).run(classifier, x, y, { strengths: [1], random })).toThrow(message);
      expect(() => judgedMinimal(method).minimize(classifier, x, y, { random })).toThrow(WeightmapError);
    });
  });
});
