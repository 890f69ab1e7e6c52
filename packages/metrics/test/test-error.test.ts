import * as tf from '@tensorflow/tfjs';
import { batchOf, type Classifier } from '@weightmap/core';
import { expectNoLeak, linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { testError } from '../src/index.js';
import { randomSet } from './_fixtures.js';

useEngine();

const LABELS = Array.from({ length: 11 }, (_, i) => i % 3);
const weights = Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i)]);
const bias = [0.1, 0, -0.1];
const classifier = linearClassifier({ inputShape: [4, 3, 2], weights, bias });

describe('testError', () => {
  const set = randomSet(LABELS);

  it('equals a count by hand, whatever the batch size', async () => {
    let wrong = 0;
    for (let i = 0; i < 11; i++) {
      const z = bias.map((b, k) =>
        weights.reduce((sum, row, j) => sum + (row[k] * set.pixels[24 * i + j]) / 255, b),
      );
      if (z.indexOf(Math.max(...z)) !== LABELS[i]) wrong++;
    }
    expect(wrong).toBeGreaterThan(0);
    expect(wrong).toBeLessThan(11);
    for (const batchSize of [1, 4, 11, 256])
      expect(await expectNoLeak(() => testError(classifier, set, { batchSize }))).toBeCloseTo(
        (100 * wrong) / 11,
        10,
      );
  });

  it('takes the first of equal logits', () => {
    const undecided: Classifier = { ...classifier, logits: (x) => tf.zeros([x.shape[0], 3]) };
    expect(testError(undecided, randomSet([0, 0, 0, 1]))).toBe(25);
  });

  it('says what does not fit', () => {
    expect(() => testError(classifier, randomSet([]))).toThrow(/no images/);
    expect(() => testError(classifier, randomSet([0], [3, 4, 2]))).toThrow(/3×4×2/);
    expect(() => testError({ ...classifier, classes: 2 }, set)).toThrow(/3 classes/);
  });

  it('refuses logits that are not finite, and leaves nothing behind', async () => {
    const broken: Classifier = {
      ...classifier,
      logits: (x) => classifier.logits(x).div<tf.Tensor2D>(batchOf(set, [0]).images.min().mul(0)),
    };
    await expectNoLeak(() => expect(() => testError(broken, set)).toThrow(/gives a logit of/));
  });
});
