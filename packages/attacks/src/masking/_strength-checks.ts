import * as tf from '@tensorflow/tfjs';
import type { VictimStep } from '@weightmap/core';
import { watch } from '../harness/_victim.js';
import { fgsm } from '../ascent/fgsm.js';
import type { MaskingCheck } from './check.js';
import { gain, larger, share } from './_estimates.js';
import { anyOf, placesOf } from './_probe.js';

/** 5 */
export const pgdWeakerThanFgsm: MaskingCheck = {
  number: 5,
  id: 'pgd-weaker-than-fgsm',
  title: 'images that FGSM fools and PGD doesn’t',
  meaning:
    'many small steps should find whatever one large step does: the loss is too rough or too flat for them',
  unit: 'share',
  threshold: 0.005,
  measure(probe) {
    const { fooled, epsilon } = probe;
    const slow = fooled('pgd', () => probe.pgd(), epsilon);
    const alone = fooled('fgsm', fgsm, epsilon).map((flag, i) => flag && !slow[i]);
    return { value: share(alone), samples: placesOf(alone) };
  },
};

const SHARES_OF_EPSILON = [0.25, 0.5, 1, 2];

/** 6 */
export const accuracyRises: MaskingCheck = {
  number: 6,
  id: 'accuracy-rises',
  title: 'largest rise of the accuracy under PGD from one ε to the next larger',
  meaning: 'a larger ball holds the smaller one: the attack fails where it should be stronger',
  unit: 'points',
  threshold: 0,
  measure(probe) {
    const { fooled, epsilon, range } = probe;
    const radii = SHARES_OF_EPSILON.map((part) => Math.min(part * epsilon, range));
    const found = radii.map((radius) => fooled('pgd', () => probe.pgd(), radius));
    return {
      value: found
        .slice(1)
        .map((wide, i) => gain(found[i], wide))
        .reduce(larger),
    };
  },
};

/** 7 */
export const standsEverything: MaskingCheck = {
  number: 7,
  id: 'stands-everything',
  title: 'accuracy under PGD with ε as large as the range of the pixels, above chance',
  meaning: 'any image may be turned into any other: nothing can be recognised, so the attack fails',
  unit: 'share',
  threshold: 0,
  once: true,
  measure(probe) {
    const { fooled, range, classifier } = probe;
    const right = fooled('pgd', () => probe.pgd(), range).map((flag) => !flag);
    return { value: share(right, 1 / classifier.classes), samples: placesOf(right) };
  },
};

/** 9 */
export const notConverged: MaskingCheck = {
  number: 9,
  id: 'not-converged',
  title: 'what PGD still gains by twice the steps, or by a second start',
  meaning: 'the attack has not converged: its success is a lower bound with room above it',
  unit: 'points',
  threshold: 1,
  measure(probe) {
    const { fooled, epsilon, steps } = probe;
    const once = fooled('pgd', () => probe.pgd(), epsilon);
    const longer = fooled(
      'pgd, twice the steps',
      () => probe.pgd({ steps: 2 * steps, relativeStep: 2.5 / steps }),
      epsilon,
    );
    const again = fooled('pgd, two starts', () => probe.pgd({ restarts: 2 }), epsilon);
    return { value: larger(gain(longer, once), gain(again, once)) };
  },
};

type Position = { readonly at: tf.Tensor4D; readonly images: tf.Tensor4D; readonly labels: tf.Tensor1D };

/** One step of PGD on the cross-entropy, without anything that keeps the best. */
const plainStep: VictimStep<
  Position & { readonly epsilon: tf.Scalar; readonly size: tf.Scalar },
  { at: tf.Tensor4D; logits: tf.Tensor2D }
> =
  (model) =>
  ({ at, images, labels, epsilon, size }) => {
    const { gradient: slope, logits } = model.gradient({ images: at, labels, loss: 'ce' });
    const sign = slope.greater(0).cast('float32').sub(slope.less(0).cast('float32'));
    const moved = at.add(sign.mul(size));
    const inBall = moved.minimum(images.add(epsilon)).maximum(images.sub(epsilon));
    return { at: inBall.clipByValue(...model.bounds) as tf.Tensor4D, logits };
  };

/** 13 */
export const fooledOnTheWay: MaskingCheck = {
  number: 13,
  id: 'fooled-on-the-way',
  title: 'images that an iterate of PGD fools, and the last one doesn’t',
  meaning: 'an attack that reports its last iterate reports too little; ours keep the worst',
  unit: 'share',
  threshold: 0.01,
  measure({ classifier, images, labels, epsilon, steps, correct }) {
    const truth = labels.dataSync();
    const isWrong = (logits: tf.Tensor2D) => {
      const guesses = tf.tidy(() => logits.argMax(1).dataSync());
      return [...guesses].map((guess, i) => guess !== truth[i]);
    };
    const { victim, check, dispose } = watch(classifier);
    const [radius, size] = [tf.scalar(epsilon), tf.scalar((2.5 * epsilon) / steps)];
    let at = images.clone();
    let ever = correct.map((isCorrect) => !isCorrect);
    let last = ever;
    try {
      for (let step = 0; step <= steps; step++) {
        const next = victim.compute(plainStep, { at, images, labels, epsilon: radius, size });
        last = isWrong(next.logits);
        ever = anyOf(ever, last);
        tf.dispose([at, next.logits]);
        at = next.at;
      }
      check();
    } finally {
      dispose();
      tf.dispose([at, radius, size]);
    }
    const onTheWay = ever.map((flag, i) => flag && !last[i] && correct[i]);
    return { value: share(onTheWay), samples: placesOf(onTheWay) };
  },
};
