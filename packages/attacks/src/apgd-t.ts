import type * as tf from '@tensorflow/tfjs';
import type { Attack, Victim } from '@weightmap/core';
import { apgdInfo } from './_apgd.js';
import { autoAscent, type AutoAscentOptions } from './_auto-ascent.js';
import { eachStrength } from './_each-strength.js';
import { classMask, topClasses } from './_top-logits.js';
import { judged } from './evaluate.js';
import { checkLoss } from './losses.js';

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
 * Mind: one ascent a class: nine times the price of APGD DLR.
 *
 * Its `run` throws a WeightmapError for fewer than 4 classes.
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: by the classes that it draws towards, one after the other, and on a linear classifier, where it fools though
 * the class in front is out of reach.
 */
export function apgdT({ steps = 100, restarts = 1, aims = 9 }: ApgdTOptions = {}): Attack {
  const climb = autoAscent({ steps, restarts, loss: 'dlr-targeted' });
  return judged({
    ...apgdInfo,
    id: 'apgd-t',
    label: 'APGD-T',
    perturb(victim, images, labels, options) {
      checkLoss('dlr-targeted', victim.classes);
      const { targets } = options;
      const aim = targets ? { targets } : { towards: runnersUp(victim, images, labels, aims) };
      return eachStrength(images, options, (epsilon, random) =>
        climb(victim, { images, labels, ...aim, epsilon, random }),
      );
    },
  });
}

/** The classes of the largest logits but the label's, from the largest down: [batch] of int32 each. */
function runnersUp(victim: Victim, images: tf.Tensor4D, labels: tf.Tensor1D, count: number): tf.Tensor1D[] {
  const logits = victim.logits(images);
  const own = classMask(labels, victim.classes);
  return topClasses(logits, Math.min(count, victim.classes - 1), own);
}
