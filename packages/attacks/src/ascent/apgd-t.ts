import type { Attack } from '@weightmap/core';
import { apgdInfo } from './_apgd.js';
import { autoAscent, type AutoAscentOptions, type AutoAscentPlan } from './_auto-ascent.js';
import { eachStrength } from '../harness/_each-strength.js';
import { rivals } from '../search/_planes.js';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';

/** How long Auto-PGD climbs, and towards how many classes. */
export interface ApgdTOptions extends AutoAscentOptions {
  /** How many classes to draw towards, one after the other; no more than there are. */
  aims?: number;
}

/**
 * Auto-PGD on L∞ with the targeted difference of logits ratio: one ascent of 100 steps, as in `apgdCe`, towards each of
 * the 9 classes t whose logits are largest on the clean image, the label left out, of
 *
 *     L = −(z_y − z_t) / (z_π1 − (z_π3 + z_π4) / 2 + 1e-12),   π the order of the logits from the largest down
 *
 * Any class but the label counts as a success, and ends the search for that image.
 *
 * The algorithm is in `_auto-ascent.ts`. With targets given there is the one ascent, and only the target counts.
 *
 * Note: one ascent a class: nine times the price of APGD DLR.
 *
 * Its `run` throws a WeightmapError for fewer than 4 classes.
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: by the classes that it draws towards, one after the other, and on a linear classifier, where it fools though
 * the class in front is out of reach.
 */
export const apgdT = (options: ApgdTOptions = {}): Attack => towardsRunnersUp('linf', options);

/**
 * Auto-PGD in L2 with the targeted difference of logits ratio: the losses and classes of `apgdT`, the steps of `apgdCeL2`.
 *
 * Its `run` throws a WeightmapError for fewer than 4 classes.
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: on a linear classifier.
 */
export const apgdTL2 = (options: ApgdTOptions = {}): Attack => towardsRunnersUp('l2', options);

/**
 * Auto-PGD in L1 with the targeted difference of logits ratio: the losses and classes of `apgdT`, the steps of `apgdCeL1`.
 *
 * Its `run` throws a WeightmapError for fewer than 4 classes.
 * Source: Croce & Hein, “Mind the box: L1-APGD for sparse adversarial attacks on image classifiers”, arXiv:2103.01208,
 * section 3, without the larger radii at first of its section 3.4.
 *
 * Tested: on a linear classifier.
 */
export const apgdTL1 = (options: ApgdTOptions = {}): Attack => towardsRunnersUp('l1', options);

function towardsRunnersUp(
  norm: AutoAscentPlan['norm'],
  { steps = 100, restarts = 1, aims = 9 }: ApgdTOptions,
): Attack {
  const climb = autoAscent({ steps, restarts, loss: 'dlr-targeted', norm });
  return judged({
    ...apgdInfo('apgd-t', 'APGD-T', norm),
    leastClasses: losses['dlr-targeted'].minClasses,
    perturb(victim, images, labels, options) {
      const { targets } = options;
      const aim = targets ? { targets } : { towards: rivals(victim, images, labels, aims) };
      return eachStrength(images, options, (epsilon, random) =>
        climb(victim, { images, labels, ...aim, epsilon, random }),
      );
    },
  });
}
