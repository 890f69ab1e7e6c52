import type { Attack } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';
import { ascent, madryShare, stepOf, type AscentOptions } from './_ascent.js';

/** Steps and their length, restarts, the loss, and whether to stop at the first success. */
export type PgdOptions = AscentOptions;

/**
 * Projected gradient descent on L∞: x ← clip(project(x + a · sign ∇ₓ CE)) from a random point, uniformly distributed in
 * the ball.
 *
 * 40 steps by default, each of length a = max(1/30, 2.5/steps) · ε. All steps together are 2.5 ε long, as in Madry's
 * evaluation on CIFAR-10 (10 steps of 2/255 at ε = 8/255); his 40 steps of 0.01 at ε = 0.3 for MNIST are
 * `{ steps: 40, relativeStep: 1 / 30 }`. The result is the worst image of all steps (see `stopWhenFooled`).
 *
 * Its `run` throws a WeightmapError if the steps together are shorter than ε. With `relativeStep` the factory itself does.
 *
 * Note: for images that are shown to other networks (transfer), use `{ stopWhenFooled: false }`.
 *
 * Source: Madry et al., “Towards deep learning models resistant to adversarial attacks”, arXiv:1706.06083.
 *
 * Tested: against its steps in plain loops; on a linear classifier, where the nearest boundary is known; by the place and
 * distribution of its starts; 10 steps against 40 on a trained network; against Foolbox.
 */
export const pgd = ({
  steps = 40,
  restarts = 1,
  loss = 'ce',
  stopWhenFooled = true,
  ...length
}: PgdOptions = {}): Attack =>
  judged({
    id: 'pgd',
    label: 'PGD',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    leastClasses: losses[loss].minClasses,
    source: 'Madry et al., arXiv:1706.06083',
    perturb: ascent({
      norm: 'linf',
      randomStart: true,
      restarts,
      steps,
      loss,
      stopWhenFooled,
      stepOf: stepOf(length, steps, madryShare(steps)),
    }),
  });
