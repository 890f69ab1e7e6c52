import * as tf from '@tensorflow/tfjs';
import { randomStream, type Classifier } from '@weightmap/core';
import { linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { fgsm } from '../src/index.js';
import { labelsOf, randomImages, threeClasses } from './_fixtures.js';

useEngine('cpu');

const random = randomStream(0);

describe('fgsm', () => {
  it('reaches the boundary of a linear classifier at |Δz| / ‖w₁ − w₀‖₁, and not before', () => {
    const weights = [
      [0.5, -1],
      [-0.25, 0.75],
      [1, 1.5],
      [0, -2],
    ];
    const bias = [0.3, -0.1];
    const classifier = linearClassifier({ inputShape: [2, 2, 1], weights, bias });
    const pixels = [0.6, 0.4, 0.5, 0.55];
    const z = [0, 1].map((k) => pixels.reduce((sum, pixel, i) => sum + pixel * weights[i][k], bias[k]));
    const boundary = Math.abs(z[1] - z[0]) / weights.reduce((sum, [a, b]) => sum + Math.abs(b - a), 0);
    const label = z[1] > z[0] ? 1 : 0;
    expect(boundary).toBeGreaterThan(0.1);
    expect(boundary).toBeLessThan(0.4); // no clipping to [0, 1] on the way

    const images = tf.tensor4d(pixels, [1, 2, 2, 1]);
    const outcomes = fgsm().run(classifier, images, labelsOf(label), {
      strengths: [boundary * 0.999, boundary * 1.001],
      random,
    });
    expect(outcomes.map(({ misclassified }) => misclassified[0])).toEqual([0, 1]);
    expect(outcomes[1].linf[0]).toBeCloseTo(boundary * 1.001, 6);
  });

  it('is clip(x + ε · sign ∇CE) for several classes, per image', () => {
    const classifier = threeClasses();
    const images = randomImages([4, 4, 3, 2], [0, 1]);
    const labels = [2, 0, 1, 1];
    const [{ adversarial }] = fgsm().run(classifier, images, labelsOf(...labels), {
      strengths: [0.2],
      random,
    });

    // The rows of W, one class a time, are the logits' differences along the unit vectors.
    const unit = tf.eye(24).reshape<tf.Tensor4D>([24, 4, 3, 2]);
    const w = classifier
      .logits(unit)
      .sub(classifier.logits(tf.zeros([1, 4, 3, 2])))
      .arraySync() as number[][];
    const z = classifier.logits(images).arraySync();
    const x = images.dataSync();
    const expected = labels.flatMap((label, i) => {
      const total = z[i].reduce((sum, value) => sum + Math.exp(value), 0);
      return w.map((row, j) => {
        const slope = row.reduce(
          (sum, v, k) => sum + v * (Math.exp(z[i][k]) / total - Number(k === label)),
          0,
        );
        return Math.min(1, Math.max(0, x[24 * i + j] + 0.2 * Math.sign(slope)));
      });
    });
    expect(adversarial).toBeAllclose(expected, 1e-6);
  });

  it('finds the way out of a confident prediction, where softmax − 1 rounds to 0', () => {
    // Margin 40. Both logits rise with the pixel, the label's faster: only their difference says "down".
    const classifier = linearClassifier({ inputShape: [1, 1, 1], weights: [[100, 20]], bias: [0, 0] });
    const [{ adversarial }] = fgsm().run(classifier, tf.tensor4d([0.5], [1, 1, 1, 1]), labelsOf(0), {
      strengths: [0.1],
      random,
    });
    expect(adversarial.dataSync()[0]).toBeCloseTo(0.4, 6);
  });

  it('differentiates once for all strengths', () => {
    let passes = 0;
    const counted: Classifier = { ...threeClasses(), logits: (x) => (passes++, threeClasses().logits(x)) };
    const images = randomImages([1, 4, 3, 2], [0, 1]);
    fgsm().run(counted, images, labelsOf(0), { strengths: [0.1, 0.2, 0.3], random });
    expect(passes).toBe(1 + 1 + 3); // one to see that there are logits, one to differentiate, one to judge each
  });

  it('reports a gradient that is not finite instead of taking its sign', () => {
    // √ of 0 has an infinite slope, times 0 it is NaN; the logits themselves are finite.
    const classifier: Classifier = {
      ...threeClasses(),
      logits: (x) => threeClasses().logits(x.sub<tf.Tensor4D>(x).sqrt()),
    };
    const images = randomImages([1, 4, 3, 2], [0, 1]);
    expect(() => fgsm().run(classifier, images, labelsOf(0), { strengths: [0.1], random })).toThrow(
      /gradient/,
    );
  });
});
