import type { Attack } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';
import { ascent, stepOf, type AscentOptions } from './_ascent.js';

/** As for `bim`, with momentum. */
export interface MiFgsmOptions extends Omit<AscentOptions, 'restarts'> {
  /** μ: the weight of the previous gradients. */
  decay?: number;
}

/**
 * Momentum iterative method: g ← μ·g + ∇ₓ CE / ‖∇ₓ CE‖₁, x ← clip(project(x + a · sign g)) from the clean image and g = 0,
 * projecting onto the L∞ ball. A gradient of 0 adds nothing to g.
 *
 * 10 steps of a = ε/steps with μ = 1, as in the paper. The result is the worst image of all steps (see `stopWhenFooled`).
 *
 * Source: Dong et al., “Boosting adversarial attacks with momentum”, arXiv:1710.06081.
 *
 * Tested: against the steps in plain loops; against torchattacks.
 */
export const miFgsm = ({
  steps = 10,
  decay = 1,
  loss = 'ce',
  stopWhenFooled = true,
  ...length
}: MiFgsmOptions = {}): Attack =>
  judged({
    id: 'mi-fgsm',
    label: 'MI-FGSM',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    leastClasses: losses[loss].minClasses,
    source: 'Dong et al., arXiv:1710.06081',
    perturb: ascent({
      norm: 'linf',
      randomStart: false,
      restarts: 1,
      decay,
      steps,
      loss,
      stopWhenFooled,
      stepOf: stepOf(length, steps, 1 / steps),
    }),
  });
