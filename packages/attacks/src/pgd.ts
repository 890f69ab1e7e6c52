import type { Attack } from '@weightmap/core';
import { ascent, stepOf, type AscentOptions } from './_ascent.js';
import { judged } from './evaluate.js';

/** Steps, their length, restarts, and when to stop. */
export type PgdOptions = AscentOptions;

/**
 * Projected gradient descent on L∞: x ← clip(project(x + a · sign ∇ₓ CE)) from a random point, uniformly distributed in
 * the ball.
 *
 * 40 steps of a = ε/30 by default, which is Madry's 40 × 0.01 at ε = 0.3 for MNIST; for CIFAR-10 he takes
 * `{ steps: 10, stepSize: 2 / 255 }` at ε = 8/255. The worst image on the way is the result (see `stopWhenFooled`).
 *
 * Mind: with another ε than the step was made for, give `relativeStep`, not `stepSize`: steps that are too small don’t
 * reach the ball’s rim.
 *
 * Source: Madry et al., “Towards deep learning models resistant to adversarial attacks”, arXiv:1706.06083.
 *
 * Tested: on a linear classifier, where the nearest boundary is known, and by the place and distribution of its
 * starts; against Foolbox.
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
    strength: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    source: 'Madry et al., arXiv:1706.06083',
    perturb: ascent({
      ...{ norm: 'linf', randomStart: true },
      ...{ steps, restarts, loss, stopWhenFooled, stepOf: stepOf(length, 1 / 30) },
    }),
  });
