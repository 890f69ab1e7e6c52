import * as tf from '@tensorflow/tfjs';
import { compiledSteps, type AttackBatch, type Classifier, type LossName } from '@weightmap/core';
import { fgsm } from '../ascent/fgsm.js';
import { losses } from '../harness/losses.js';
import type { MaskingCheck } from './check.js';
import { share } from './_estimates.js';
import { anyOf, placesOf, type Probe } from './_probe.js';

/** ∂loss/∂images. NaN is a finding here, not an error. */
function gradientOf(loss: LossName) {
  const steps = compiledSteps<AttackBatch, tf.Tensor4D>();
  const differentiate =
    (classifier: Classifier) =>
    ({ images, labels }: AttackBatch) => {
      const total = (x: tf.Tensor) =>
        losses[loss].of(classifier.logits(x as tf.Tensor4D), labels, labels, classifier.answers).sum();
      return tf.tidy(() => tf.grad(total)(images) as tf.Tensor4D);
    };
  return (classifier: Classifier) => steps(classifier, () => differentiate(classifier));
}
const gradients = { ce: gradientOf('ce'), margin: gradientOf('margin') };

/** [batch]: whether a gradient is zero in every component, or not finite in some. */
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
  meaning: 'attacks with gradients cannot work on these images',
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
  title: 'images that FGSM does not change',
  meaning: 'the sign of the gradient is lost, for example by underflow',
  unit: 'share',
  threshold: 0.01,
  measure({ attacked, epsilon }) {
    const unchanged = attacked('fgsm', fgsm, epsilon).linf.map((change) => change === 0);
    return { value: share(unchanged), samples: placesOf(unchanged) };
  },
};

const DIRECTIONS = 24;
const IMAGES = 8;

/** 14 */
export const finiteDifferences: MaskingCheck = {
  number: 14,
  id: 'finite-differences',
  title: 'cosine between finite differences and derivatives along random directions',
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
        // The same for all images, with the length of a step of FGSM, √pixels.
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
      // The median: for some images a kink of ReLU lies between the two points, which means nothing.
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
