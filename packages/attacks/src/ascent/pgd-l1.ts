import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { signOf } from '../harness/_norms.js';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';
import { ascent, madryShare, stepOf, type AscentOptions } from './_ascent.js';

/** As for `pgd`, with the sparsity of the steps. */
export interface PgdL1Options extends AscentOptions {
  /** Share of an image's components that a step does not change, in [0, 1). */
  sparsity?: number;
}

/**
 * Projected gradient descent in L1, by sparse steps: x ← clip(project(x + a · s / ‖s‖₁)) from a random point, uniformly
 * distributed in the ball; s is sign ∇ₓ CE at the 1 % of the components with the steepest slopes, 0 at the others.
 *
 * The steepest direction changes only one component, and zigzags; the sparse direction changes a few together. Components
 * that cannot follow their slope because of the bounds are left out: on images with black backgrounds they would be the
 * majority. The projection onto the ball is exact (Duchi et al., 2008). 50 steps by default, each of length
 * a = max(1/30, 2.5/steps) · ε, as in `pgd`; Foolbox takes steps of 0.025 ε. The result is the worst image of all steps
 * (see `stopWhenFooled`).
 *
 * Source: Tramèr & Boneh, “Adversarial training and robustness for multiple perturbations” (SLIDE), arXiv:1904.13000.
 *
 * Tested: against its steps in plain loops; on a linear classifier, where the nearest boundary is known.
 */
export const pgdL1 = ({
  steps = 50,
  restarts = 1,
  loss = 'ce',
  stopWhenFooled = true,
  sparsity = 0.99,
  ...length
}: PgdL1Options = {}): Attack =>
  judged({
    id: 'pgd-l1',
    label: 'PGD L1',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'l1',
    targeted: true,
    usesGradient: true,
    leastClasses: losses[loss].minClasses,
    source: 'Tramèr & Boneh, arXiv:1904.13000',
    perturb: ascent({
      norm: 'l1',
      randomStart: true,
      restarts,
      steps,
      loss,
      stopWhenFooled,
      stepOf: stepOf(length, steps, madryShare(steps)),
      direction: sparse(sparsity),
    }),
  });

/** The signs of the gradient at its steepest components, divided by their number. */
const sparse =
  (sparsity: number) =>
  (gradient: tf.Tensor4D, at: tf.Tensor4D, [low, high]: readonly [number, number]): tf.Tensor4D => {
    const [batch, ...image] = gradient.shape;
    const size = image.reduce((a, b) => a * b, 1);
    const count = Math.max(1, Math.round((1 - sparsity) * size));
    const blocked = at
      .lessEqual(low)
      .logicalAnd(gradient.less(0))
      .logicalOr(at.greaterEqual(high).logicalAnd(gradient.greater(0)));
    const free = tf.where(blocked, tf.zerosLike(gradient), gradient);
    const slopes = free.abs();
    const { values } = tf.topk(slopes.reshape([batch, size]), count);
    const steepest = slopes.greaterEqual(values.min(1).reshape([batch, 1, 1, 1]));
    const signs = signOf(free).mul<tf.Tensor4D>(steepest.cast('float32'));
    return signs.div(signs.abs().sum([1, 2, 3], true).maximum(1));
  };
