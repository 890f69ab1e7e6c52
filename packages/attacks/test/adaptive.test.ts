import * as tf from '@tensorflow/tfjs';
import { randomStream, withStandIn, type Attack, type Classifier } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';

import { bpda, eot, fgsm } from '../src/index.js';
import { inTidy, labelsOf, randomClasses, randomImages, threeClasses } from './_fixtures.js';

useEngine();

const LABELS = [2, 0, 1];
const run = (attack: Attack, classifier: Classifier, epsilon = 0.2) =>
  inTidy(() => {
    const images = randomImages([3, 4, 3, 2], [0, 1]);
    const options = { strengths: [epsilon], random: randomStream(4, 'adaptive') };
    const [outcome] = attack.run(classifier, images, labelsOf(...LABELS), options);
    return { ...outcome, adversarial: [...outcome.adversarial.dataSync()], clean: [...images.dataSync()] };
  });

describe('bpda', () => {
  const linear = threeClasses();
  const round = (x: tf.Tensor4D) => x.mul(8).round().div<tf.Tensor4D>(8);
  const rounded: Classifier = { ...linear, logits: (x) => tf.tidy(() => linear.logits(round(x))) };

  it('gives the logits of the classifier and the gradients of its stand-in', async () => {
    await expectNoLeak(() => {
      const attacked = run(fgsm(), bpda(rounded, linear));
      const standing = run(fgsm(), linear);
      expect(attacked.adversarial).toEqual(standing.adversarial);
      // Rounding has no gradient of its own.
      const plain = run(fgsm(), rounded);
      expect(plain.adversarial).toEqual(plain.clean);
      tf.tidy(() => {
        const x = randomImages([3, 4, 3, 2], [0, 1]);
        expect(bpda(rounded, linear).logits(x).dataSync()).toEqual(rounded.logits(x).dataSync());
      });
    });
  });

  it('takes the gradient where the function is evaluated, straight through or by a stand-in', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([0.3, 1.2, -0.7]);
      const dy = tf.tensor1d([1, 2, 3]);
      const straight = withStandIn((v: tf.Tensor) => v.round());
      expect([
        ...tf
          .grad((v) => straight(v))(x, dy)
          .dataSync(),
      ]).toEqual([1, 2, 3]);
      expect([...straight(x).dataSync()]).toEqual([0, 1, -1]);
      const smooth = withStandIn(
        (v: tf.Tensor) => v.round(),
        (v) => v.square(),
      );
      expect([
        ...tf
          .grad((v) => smooth(v))(x, dy)
          .dataSync(),
      ]).toBeAllclose([0.6, 4.8, -4.2], 1e-6);
    });
  });

  it('refuses a stand-in of another shape', () => {
    expect(() => bpda(threeClasses(), randomClasses(4))).toThrow(/doesn't fit the classifier/);
    expect(() => eot([])).toThrow(/no draws/);
  });
});

describe('eot', () => {
  it("follows the mean of the draws' losses, and answers as the first one", async () => {
    const linear = threeClasses();
    const shifted = (by: number): Classifier => ({
      ...linear,
      logits: (x) => tf.tidy(() => linear.logits(x).mul(tf.tensor1d([1, 1 + by, 1 - by]))),
    });
    const draws = [shifted(0.5), shifted(-3), shifted(2)];
    const gradientOf = (classifiers: Classifier[]) =>
      tf.tidy(() => {
        const x = randomImages([3, 4, 3, 2], [0, 1]);
        const y = tf.oneHot(labelsOf(...LABELS), 3);
        const total = (at: tf.Tensor) =>
          tf.addN(
            classifiers.map((one) =>
              one
                .logits(at as tf.Tensor4D)
                .logSoftmax()
                .mul(y)
                .sum()
                .neg(),
            ),
          );
        return [...tf.grad(total)(x).sign().dataSync()];
      });
    const { adversarial, clean, cost, predicted } = await expectNoLeak(() => run(fgsm(), eot(draws), 0.01));
    const steps = adversarial.map((value, i) => Math.sign(value - clean[i]));
    const expected = gradientOf(draws);
    // Pixels at a bound can't move.
    steps.forEach((step, i) => clean[i] > 0.01 && clean[i] < 0.99 && expect(step).toBe(expected[i]));
    expect(expected).not.toEqual(gradientOf(draws.slice(0, 1)));
    expect(cost).toEqual({ forwards: 9, backwards: 9 });
    expect(predicted).toEqual(run(fgsm(), { ...draws[0] }, 0).predicted);
  });
});
