import type { Attack } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';
import { ascent, madryShare, stepOf, type AscentOptions } from './_ascent.js';

/**
 * Projected gradient descent in L2: x ← clip(project(x + a · ∇ₓ CE / ‖∇ₓ CE‖₂)) from a random point, uniformly
 * distributed in the ball.
 *
 * 50 steps by default, each of length a = max(1/30, 2.5/steps) · ε, as in `pgd`; Foolbox takes steps of 0.025 ε. The
 * result is the worst image of all steps (see `stopWhenFooled`).
 *
 * Source: Madry et al., arXiv:1706.06083.
 *
 * Tested: on a linear classifier, where the nearest boundary is known; by its starts; against Foolbox.
 */
export const pgdL2 = ({
  steps = 50,
  restarts = 1,
  loss = 'ce',
  stopWhenFooled = true,
  ...length
}: AscentOptions = {}): Attack =>
  judged({
    id: 'pgd-l2',
    label: 'PGD L2',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: true,
    leastClasses: losses[loss].minClasses,
    source: 'Madry et al., arXiv:1706.06083',
    perturb: ascent({
      norm: 'l2',
      randomStart: true,
      restarts,
      steps,
      loss,
      stopWhenFooled,
      stepOf: stepOf(length, steps, madryShare(steps)),
    }),
  });
