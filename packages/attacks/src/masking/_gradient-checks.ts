import * as tf from '@tensorflow/tfjs';
import type { LossName } from '@weightmap/core';
import { perClassifier } from '../harness/_per-classifier.js';
import { fgsm } from '../ascent/fgsm.js';
import { losses } from '../harness/losses.js';
import type { MaskingCheck } from './check.js';
import { share } from './_estimates.js';
import { anyOf, placesOf, type Probe } from './_probe.js';

type Labelled = { readonly images: tf.Tensor4D; readonly labels: tf.Tensor1D };

/** ∂loss/∂images, whatever comes: here NaN is a finding, not an error. */
const gradientOf = (loss: LossName) =>
  perClassifier((classifier) => ({ images, labels }: Labelled): tf.Tensor4D => {
    const total = (x: tf.Tensor) =>
      losses[loss].of(classifier.logits(x as tf.Tensor4D), labels, labels).sum();
    return tf.tidy(() => tf.grad(total)(images) as tf.Tensor4D);
  });
const gradients = { ce: gradientOf('ce'), margin: gradientOf('margin') };

/** [batch]: whether a gradient is nowhere but zero, or not finite somewhere. */
const isUseless = ({ classifier, images, labels }: Probe, loss: keyof typeof gradients): boolean[] =>
  tf.tidy(() => {
    const gradient = gradients[loss](classifier)({ images, labels });
    const largest = gradient.abs().max([1, 2, 3]).dataSync();
    const sum = gradient.mul(0).sum([1, 2, 3]).dataSync();
    return [...largest].map((size, i) => !(size > 0) || sum[i] !== 0);
  });

/** 1 */
export const uselessGradients: MaskingCheck = {
  number: 1,
  id: 'useless-gradients',
  title: 'images whose gradient of the cross-entropy or the margin is zero, NaN or infinite',
  meaning: 'attacks that follow the gradient have nothing to follow there',
  unit: 'share',
  threshold: 0,
  once: true,
  measure(probe) {
    const useless = anyOf(isUseless(probe, 'ce'), isUseless(probe, 'margin'));
    return { value: share(useless), samples: placesOf(useless) };
  },
};

/** 2 */
export const unchangedByFgsm: MaskingCheck = {
  number: 2,
  id: 'unchanged-by-fgsm',
  title: 'images that FGSM leaves as they are',
  meaning: 'the sign of the gradient is lost on the way, as by underflow',
  unit: 'share',
  threshold: 0.01,
  measure({ classifier, images, labels, epsilon, random }) {
    const [outcome] = fgsm().run(classifier, images, labels, {
      strengths: [epsilon],
      random: random('fgsm'),
    });
    outcome.adversarial.dispose();
    const unchanged = [...outcome.linf].map((change) => change === 0);
    return { value: share(unchanged), samples: placesOf(unchanged) };
  },
};

const DIRECTIONS = 24;
const IMAGES = 8;

/** 14 */
export const finiteDifferences: MaskingCheck = {
  number: 14,
  id: 'finite-differences',
  title: 'cosine between slopes by finite differences and by differentiation, along random directions',
  meaning: 'the gradient is not that of the function that the classifier computes',
  unit: 'cosine',
  threshold: 0.9,
  least: true,
  once: true,
  measure(probe) {
    const { classifier, images, labels, random, range } = probe;
    const count = Math.min(IMAGES, probe.count);
    const step = 0.01 * range;
    const cosines = tf.tidy(() => {
      const x = images.slice([0, 0, 0, 0], [count, -1, -1, -1]);
      const y = labels.slice(0, count);
      const gradient = gradients.margin(classifier)({ images: x, labels: y });
      const slopes = Array.from({ length: DIRECTIONS }, (_, i) => {
        // The same for all images, of length √pixels like a step of FGSM.
        const signs = random(`direction ${i}`).uniforms(x.size / count, -1, 1);
        const direction = tf
          .tensor4d(signs, [1, ...x.shape.slice(1)] as [number, number, number, number])
          .sign();
        const at = (shift: number) => losses.margin.of(classifier.logits(x.add(direction.mul(shift))), y, y);
        const measured = at(step)
          .sub(at(-step))
          .div(2 * step);
        return [measured.dataSync(), gradient.mul(direction).sum([1, 2, 3]).dataSync()] as const;
      });
      return Array.from({ length: count }, (_, i) =>
        cosine(
          slopes.map(([measured]) => measured[i]),
          slopes.map(([, derived]) => derived[i]),
        ),
      );
    });
    const sorted = [...cosines].sort((a, b) => a - b);
    return {
      // Half of the images: a kink of ReLU on the way of some is no sign of anything.
      value: sorted[Math.floor((count - 1) / 2)],
      samples: cosines.flatMap((value, i) => (value >= 0.9 ? [] : [i])),
    };
  },
};

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i], 0);
  const length = Math.sqrt(dot(a, a) * dot(b, b));
  return length > 0 ? dot(a, b) / length : 0;
}
