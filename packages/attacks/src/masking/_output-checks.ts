import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '@weightmap/core';
import type { MaskingCheck } from './check.js';
import { gain, share } from './_estimates.js';
import { onlyIn } from './_probe.js';

/** 3 */
export const probabilities: MaskingCheck = {
  number: 3,
  id: 'probabilities',
  title: 'images whose outputs lie in [0, 1] and sum to 1',
  meaning:
    'the classifier gives probabilities instead of logits: softmax is applied twice, and gradients vanish',
  unit: 'share',
  threshold: 0.5,
  once: true,
  measure({ clean }) {
    const flags = clean().map((row) => {
      const sum = row.reduce((total, value) => total + value, 0);
      return row.every((value) => value >= 0 && value <= 1) && Math.abs(sum - 1) < 1e-3;
    });
    return { value: share(flags) };
  },
};

const PASSES = 5;

/** 4 */
export const randomised: MaskingCheck = {
  number: 4,
  id: 'randomised',
  title: `largest difference between the outputs of ${PASSES} passes of the same images`,
  meaning: 'the output is random: the gradient of one pass misleads in the next; average over passes (EOT)',
  unit: 'logits',
  threshold: 1e-4,
  once: true,
  measure({ clean, pass }) {
    const first = clean();
    const others = Array.from({ length: PASSES - 1 }, pass);
    const differences = others.flatMap((rows) =>
      rows.flatMap((row, i) => row.map((value, j) => Math.abs(value - first[i][j]))),
    );
    return { value: differences.reduce((largest, value) => Math.max(largest, value), 0) };
  },
};

/** 15 */
export const temperature: MaskingCheck = {
  number: 15,
  id: 'temperature',
  title:
    'gain of PGD when the logits are divided so that their median margin is 1, which changes no decision',
  meaning: 'the cross-entropy is saturated, which weakens attacks on it',
  unit: 'points',
  threshold: 1,
  measure({ classifier, images, labels, epsilon, pgd, random, fooled, clean }) {
    const usual = fooled('pgd', pgd, epsilon);
    const t = Math.max(1, median(clean().map(marginOf)));
    const [outcome] = pgd().run(scaled(classifier, 1 / t), images, labels, {
      strengths: [epsilon],
      random: random('pgd'),
    });
    outcome.adversarial.dispose();
    const rescaled = [...outcome.misclassified].map(Boolean);
    return { value: gain(rescaled, usual), samples: onlyIn(rescaled, usual) };
  },
};

/** The difference between the two largest logits. */
function marginOf(row: readonly number[]): number {
  const [first, second] = [...row].sort((a, b) => b - a);
  return first - second;
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** The classifier with its logits multiplied by a factor: the same decisions. */
const scaled = (classifier: Classifier, factor: number): Classifier => ({
  ...classifier,
  logits: (images) => tf.tidy(() => classifier.logits(images).mul(factor)),
});
