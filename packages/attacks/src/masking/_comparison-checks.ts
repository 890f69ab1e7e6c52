import * as tf from '@tensorflow/tfjs';
import { predictClasses, type Attack } from '@weightmap/core';
import { deepFool } from '../deepfool.js';
import { square } from '../square.js';
import type { MaskingCheck } from './check.js';
import { anyOf, onlyIn, shareOf, type Probe } from './_probe.js';

const byLoss = ({ pgd }: Probe, loss: 'ce' | 'margin' | 'dlr'): Attack => pgd({ loss });

/** What the attacks that see the gradients fool together. */
const whiteBox = (probe: Probe) =>
  anyOf(
    probe.fooled('pgd', () => byLoss(probe, 'ce'), probe.epsilon),
    probe.fooled('pgd on the margin', () => byLoss(probe, 'margin'), probe.epsilon),
  );

/** 8 */
export const unboundedFails: MaskingCheck = {
  number: 8,
  id: 'unbounded-fails',
  title: 'images that neither DeepFool nor PGD over the whole range of pixels fools',
  meaning: 'an attack without a bound always has a way: it doesn’t see it',
  unit: 'share',
  threshold: 0,
  measure(probe) {
    const { fooled, range, count } = probe;
    const hit = anyOf(
      fooled('deepfool', deepFool, Number.MAX_SAFE_INTEGER),
      fooled('pgd on the margin', () => byLoss(probe, 'margin'), range),
    );
    const samples = hit.flatMap((flag, i) => (flag ? [] : [i]));
    return { value: samples.length / count, samples };
  },
};

/** 10 */
export const lossesDisagree: MaskingCheck = {
  number: 10,
  id: 'losses-disagree',
  title: 'difference between PGD’s success on the cross-entropy and on margin or DLR',
  meaning: 'one of the losses is blind for this classifier, as the cross-entropy is where it saturates',
  unit: 'points',
  threshold: 2,
  measure(probe) {
    const { fooled, epsilon, classifier } = probe;
    const ce = shareOf(fooled('pgd', () => byLoss(probe, 'ce'), epsilon));
    const others = [
      fooled('pgd on the margin', () => byLoss(probe, 'margin'), epsilon),
      // DLR isn't defined for two classes.
      ...(classifier.classes > 2 ? [fooled('pgd on DLR', () => byLoss(probe, 'dlr'), epsilon)] : []),
    ].map(shareOf);
    return { value: 100 * Math.max(...others.map((other) => Math.abs(other - ce))) };
  },
};

/** 11 */
export const blackBoxStronger: MaskingCheck = {
  number: 11,
  id: 'black-box-stronger',
  title: 'success of Square, which sees no gradient, above that of PGD on both losses',
  meaning: 'who sees more should do better: the gradients mislead',
  unit: 'points',
  threshold: 0.2,
  measure(probe) {
    const { fooled, epsilon, queries } = probe;
    const blind = fooled('square', () => square({ queries }), epsilon);
    const seeing = whiteBox(probe);
    return { value: Math.max(0, 100 * (shareOf(blind) - shareOf(seeing))), samples: onlyIn(blind, seeing) };
  },
};

const DRAWS = 20;

/** 12 */
export const noiseOrTransferFools: MaskingCheck = {
  number: 12,
  id: 'noise-or-transfer-fools',
  title: 'images that noise within ε, or an adversarial image of another network, fools and PGD doesn’t',
  meaning: 'a point in the ball that was found without looking should be found by looking',
  unit: 'images',
  threshold: 0,
  measure(probe) {
    const { classifier, images, labels, epsilon, surrogates, random, correct, pgd } = probe;
    const truth = labels.dataSync();
    let blind = correct.map(() => false);
    const tryOut = (points: tf.Tensor4D) => {
      const guesses = tf.tidy(() => {
        const inBounds = points.clipByValue(...classifier.bounds) as tf.Tensor4D;
        return predictClasses(classifier, inBounds);
      });
      blind = anyOf(
        blind,
        [...guesses].map((guess, i) => guess !== truth[i]),
      );
      points.dispose();
    };
    for (let draw = 0; draw < DRAWS; draw++)
      tryOut(
        tf.tidy(() => {
          const noise = tf.tensor4d(random(`noise ${draw}`).uniforms(images.size, -1, 1), images.shape);
          // Corners of the ball and points inside it, by turns.
          return images.add((draw % 2 ? noise : noise.sign()).mul(epsilon));
        }),
      );
    for (const surrogate of surrogates) {
      const [outcome] = pgd().run(surrogate, images, labels, {
        strengths: [epsilon],
        random: random('transfer'),
      });
      tryOut(outcome.adversarial);
    }
    const samples = onlyIn(blind, whiteBox(probe));
    return { value: samples.length, samples };
  },
};
