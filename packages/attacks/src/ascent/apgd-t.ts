import type { Attack } from '@weightmap/core';
import { eachStrength } from '../harness/_each-strength.js';
import { rivals } from '../harness/_top-logits.js';
import type { Filled } from '../harness/_rows.js';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';
import { apgdInfo } from './_apgd.js';
import { autoAscent, type AutoAscentOptions, type AutoAscentPlan } from './_auto-ascent.js';

/** Steps and starts of Auto-PGD, and the number of classes to draw towards. */
export interface ApgdTOptions extends AutoAscentOptions {
  /** Number of classes to draw towards, one after the other; at most all other classes. */
  aims?: number;
}

/**
 * Auto-PGD on L∞ with the targeted difference of logits ratio: one ascent of 100 steps, as in `apgdCe`, towards each of
 * the 9 classes t with the largest logits on the clean image, without the label, of
 *
 *     L = −(z_y − z_t) / (z_π1 − (z_π3 + z_π4) / 2 + 1e-12),   π sorts the logits in descending order
 *
 * Any class but the label counts as a success, and ends the search for that image.
 *
 * The algorithm is in `_auto-ascent.ts`. With given targets there is one ascent, and only the target counts as a success.
 *
 * Note: with one ascent for each class, it costs nine times as much as APGD DLR.
 *
 * Its `run` throws a WeightmapError for fewer than 4 classes.
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: by the classes that it draws towards, one after the other; on a linear classifier, where it succeeds although the
 * class with the largest logit is out of reach.
 */
export const apgdT = (options: ApgdTOptions = {}): Attack => towardsRivals('linf', options);

/**
 * Auto-PGD in L2 with the targeted difference of logits ratio: the losses and classes of `apgdT`, the steps of `apgdCeL2`.
 *
 * Its `run` throws a WeightmapError for fewer than 4 classes.
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: on a linear classifier.
 */
export const apgdTL2 = (options: ApgdTOptions = {}): Attack => towardsRivals('l2', options);

/**
 * Auto-PGD in L1 with the targeted difference of logits ratio: the losses and classes of `apgdT`, the steps of `apgdCeL1`.
 *
 * Its `run` throws a WeightmapError for fewer than 4 classes.
 * Source: Croce & Hein, “Mind the box: L1-APGD for sparse adversarial attacks on image classifiers”, arXiv:2103.01208,
 * section 3, without the larger first radii of its section 3.4.
 *
 * Tested: on a linear classifier.
 */
export const apgdTL1 = (options: ApgdTOptions = {}): Attack => towardsRivals('l1', options);

function towardsRivals(
  norm: AutoAscentPlan['norm'],
  { steps = 100, restarts = 1, aims = 9 }: ApgdTOptions,
): Attack {
  const climb = autoAscent({ steps, restarts, loss: 'dlr-targeted', norm });
  return judged({
    ...apgdInfo('apgd-t', 'APGD-T', norm),
    leastClasses: losses['dlr-targeted'].minClasses,
    perturb(victim, batch, options) {
      const { images, labels, targets } = batch;
      const towards = targets ? undefined : rivals(victim, images, labels, aims);
      return eachStrength(images, options, (epsilon, random) =>
        climb(victim, { batch, towards, epsilon, random, wanted: (options as Filled).wanted }),
      );
    },
  });
}
