import * as tf from '@tensorflow/tfjs';
import { predictClasses, type Attack } from '@weightmap/core';
import { deepFool } from '../search/deepfool.js';
import { square } from '../black-box/square.js';
import type { MaskingCheck } from './check.js';
import { gain, larger, share } from './_estimates.js';
import { anyOf, onlyIn, placesOf, type Probe } from './_probe.js';

const byLoss = ({ pgd }: Probe, loss: 'ce' | 'margin' | 'dlr'): Attack => pgd({ loss });

/** Which images are fooled by at least one of the attacks with gradients. */
const whiteBox = (probe: Probe) =>
  anyOf(
    probe.fooled('pgd', () => byLoss(probe, 'ce'), probe.epsilon),
    probe.fooled('pgd on the margin', () => byLoss(probe, 'margin'), probe.epsilon),
  );

/** 8 */
export const unboundedFails: MaskingCheck = {
  number: 8,
  id: 'unbounded-fails',
  title: 'images that neither DeepFool nor PGD with an unlimited radius fools',
  meaning: 'an attack without a bound can always succeed: if it fails, its gradients are useless',
  unit: 'share',
  threshold: 0,
  once: true,
  measure(probe) {
    const { fooled, range } = probe;
    const hit = anyOf(
      fooled('deepfool', deepFool, Number.MAX_SAFE_INTEGER),
      fooled('pgd on the margin', () => byLoss(probe, 'margin'), range),
    );
    const missed = hit.map((flag) => !flag);
    return { value: share(missed), samples: placesOf(missed) };
  },
};

/** 10 */
export const lossesDisagree: MaskingCheck = {
  number: 10,
  id: 'losses-disagree',
  title: 'difference between PGD’s success with the cross-entropy and with margin or DLR',
  meaning: 'one of the losses is useless for this classifier, as the cross-entropy is where it saturates',
  unit: 'points',
  threshold: 2,
  measure(probe) {
    const { fooled, epsilon, classifier } = probe;
    const ce = fooled('pgd', () => byLoss(probe, 'ce'), epsilon);
    const others = [
      fooled('pgd on the margin', () => byLoss(probe, 'margin'), epsilon),
      // DLR is not defined for two classes.
      ...(classifier.classes > 2 ? [fooled('pgd on DLR', () => byLoss(probe, 'dlr'), epsilon)] : []),
    ];
    return { value: others.flatMap((other) => [gain(other, ce), gain(ce, other)]).reduce(larger) };
  },
};

/** 11 */
export const blackBoxStronger: MaskingCheck = {
  number: 11,
  id: 'black-box-stronger',
  title: 'success of Square, which uses no gradients, above that of PGD on both losses',
  meaning: 'an attack with gradients should do better: the gradients mislead',
  unit: 'points',
  threshold: 0.2,
  measure(probe) {
    const { fooled, epsilon, queries } = probe;
    const blind = fooled('square', () => square({ queries }), epsilon);
    const seeing = whiteBox(probe);
    return { value: gain(blind, seeing), samples: onlyIn(blind, seeing) };
  },
};

const DRAWS = 20;

/** Which images are misclassified after a change. Frees the changed images. */
function fooledBy({ classifier, labels }: Probe, moved: tf.Tensor4D): boolean[] {
  const truth = labels.dataSync();
  const guesses = tf.tidy(() =>
    predictClasses(classifier, moved.clipByValue(...classifier.bounds) as tf.Tensor4D),
  );
  moved.dispose();
  return [...guesses].map((guess, i) => guess !== truth[i]);
}

/** Images that are fooled without gradients, and not with them. */
function foundBlindly(probe: Probe, blind: readonly boolean[]) {
  const samples = onlyIn(blind, whiteBox(probe));
  return { value: samples.length, samples };
}

/** 12 */
export const transferFools: MaskingCheck = {
  number: 12,
  id: 'transfer-fools',
  title: 'images that are fooled by adversarial images of another network and not by PGD',
  meaning: 'adversarial images of another network lie in the same ball: PGD on this network should find them',
  unit: 'images',
  threshold: 0,
  measure(probe) {
    const { images, labels, epsilon, surrogates, random, pgd } = probe;
    if (surrogates.length === 0)
      return { value: null, because: 'no other networks for the same task were given' };
    // Take every step: the first image that fools the other network lies just beyond its boundary.
    const attack = pgd({ stopWhenFooled: false });
    const hits = surrogates.map((surrogate) => {
      const options = { strengths: [epsilon], random: random('transfer') };
      const [{ adversarial }] = attack.run(surrogate, images, labels, options);
      return fooledBy(probe, adversarial);
    });
    return foundBlindly(probe, anyOf(...hits));
  },
};

/** 16 */
export const noiseFools: MaskingCheck = {
  number: 16,
  id: 'noise-fools',
  title: 'images that are fooled by noise within ε and not by PGD',
  meaning: 'an attack should find points of the ball that random noise finds',
  unit: 'images',
  threshold: 0,
  measure(probe) {
    const { images, epsilon, random } = probe;
    const hits = Array.from({ length: DRAWS }, (_, draw) =>
      fooledBy(
        probe,
        tf.tidy(() => {
          const noise = tf.tensor4d(random(`noise ${draw}`).uniforms(images.size, -1, 1), images.shape);
          // Alternate between corners of the ball and points inside it.
          return images.add((draw % 2 ? noise : noise.sign()).mul(epsilon));
        }),
      ),
    );
    return foundBlindly(probe, anyOf(...hits));
  },
};
