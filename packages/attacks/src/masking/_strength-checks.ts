import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, VictimStep } from '@weightmap/core';
import { confinedTo, signOf } from '../harness/_norms.js';
import { watch } from '../harness/_victim.js';
import { fgsm } from '../ascent/fgsm.js';
import type { MaskingCheck } from './check.js';
import { gain, larger, share } from './_estimates.js';
import { anyOf, placesOf } from './_probe.js';

/** 5 */
export const pgdWeakerThanFgsm: MaskingCheck = {
  number: 5,
  id: 'pgd-weaker-than-fgsm',
  title: 'images that are fooled by FGSM and not by PGD',
  meaning:
    'many small steps should find what one large step finds: the loss is too rough or too flat for them',
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
  title: 'largest rise of the accuracy under PGD from one ε to the next',
  meaning: 'a larger ball contains the smaller one: the attack fails where it should be stronger',
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
  title: 'accuracy under PGD, above chance, with ε as large as the range of the pixels',
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
  title: 'gain of PGD from twice the steps, or from a second start',
  meaning: 'the attack has not converged: more steps would find more adversarial images',
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

/** One step of PGD on the cross-entropy, which does not keep the best image. */
const plainStep: VictimStep<
  AttackBatch & { readonly at: tf.Tensor4D; readonly epsilon: tf.Scalar; readonly size: tf.Scalar },
  { at: tf.Tensor4D; logits: tf.Tensor2D }
> =
  (model) =>
  ({ at, images, labels, epsilon: ε, size }) => {
    const { gradient: slope, logits } = model.gradient({ images: at, labels, loss: 'ce' });
    const moved = at.add<tf.Tensor4D>(signOf(slope).mul(size));
    return { at: confinedTo('linf', model)(moved, images, ε), logits };
  };

/** 13 */
export const fooledOnTheWay: MaskingCheck = {
  number: 13,
  id: 'fooled-on-the-way',
  title: 'images that are fooled by an iterate of PGD and not by the last one',
  meaning:
    'an attack that returns its last iterate is too weak here; the attacks of this package keep the worst',
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
