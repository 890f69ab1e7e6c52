import * as tf from '@tensorflow/tfjs';
import { confinedTo, norms } from '../harness/_norms.js';
import { onSurface } from '../harness/_starts.js';
import type { AscentRule, Climbed, Pace } from './_ascent-rule.js';

/** The share of improving steps below which the step is halved. */
const ρ = 0.75;

/** At the last checkpoint: the best loss then, and whether η was halved then (1 or 0). */
type Halved = Pace & { readonly checkedLoss: tf.Tensor1D; readonly halved: tf.Tensor1D };

/**
 * The iterations w_1 < w_2 < … after which the step may be halved: w_j = ⌈p_j N⌉ with p_0 = 0, p_1 = 0.22 and
 * p_{j+1} = p_j + max(p_j − p_{j−1} − 0.03, 0.06) (Croce & Hein, section 3.1).
 */
export function checkpoints(steps: number): number[] {
  // In whole hundredths: rounding must not raise ⌈0.41 · 100⌉ to 42.
  const points: number[] = [];
  for (let before = 0, point = 22; point <= 100;) {
    points.push(Math.ceil((point * steps) / 100));
    [before, point] = [point, point + Math.max(point - before - 3, 6)];
  }
  return [...new Set(points)];
}

/**
 * The two conditions for halving an image's step at a checkpoint.
 *
 * @returns [rows], bool
 */
export function toBeHalved({
  rises,
  interval,
  bestLoss,
  checkedLoss,
  halved,
}: Pick<Climbed & Halved, 'rises' | 'bestLoss' | 'checkedLoss' | 'halved' | 'interval'>): tf.Tensor1D {
  const fewRises = rises.less(interval.mul(ρ));
  const stuck = halved.equal(0).logicalAnd(bestLoss.equal(checkedLoss));
  return fewRises.logicalOr(stuck);
}

/**
 * Auto-PGD's rule for L∞ and L2. It starts from a random point on the ball's surface with η = 2ε, and has momentum. At a
 * checkpoint w_j an image's η is halved, and the search continues from its best point, if
 *
 * 1. fewer than ρ = 0.75 of the steps since w_{j−1} raised the loss, or
 * 2. η was not halved at w_{j−1} and the largest loss has not changed since.
 *
 * Source: Croce & Hein, arXiv:2003.01690, algorithm 1.
 */
export const halvingRule = (norm: 'linf' | 'l2'): AscentRule<Halved> => ({
  due: checkpoints,
  momentum: 0.75,
  noise: onSurface[norm],
  begin: (_model, images, noise, ε) => images.add(noise.mul(ε)),
  confine: (model) => confinedTo(norm, model),
  firstPace(loss, _images, ε) {
    const none = tf.zerosLike(loss);
    return { eta: none.add(ε.mul(2)), checkedLoss: loss.clone(), halved: none };
  },
  direction: (gradient) => norms[norm].normalize(gradient),
  adjust(climbed) {
    const halve = toBeHalved(climbed);
    const { eta: η, bestLoss } = climbed;
    return {
      pace: {
        eta: tf.where(halve, η.div<tf.Tensor1D>(2), η),
        checkedLoss: bestLoss.clone(),
        halved: halve.cast('float32'),
      },
      back: halve,
    };
  },
});
