import type { Attack } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';
import { ascent, stepOf, type AscentOptions } from './_ascent.js';

/** As for `pgd`, without restarts: it always starts at the image itself. */
export type BimOptions = Omit<AscentOptions, 'restarts'>;

/**
 * Basic iterative method: x ← clip(project(x + a · sign ∇ₓ CE)) from the clean image, projecting onto the L∞ ball.
 *
 * 10 steps by default, each of length a = 2 ε/steps, so 0.2 ε for 10 steps, as in Foolbox. (The paper takes steps of one
 * gray level, about 1.25 ε of them in total.) The result is the worst image of all steps (see `stopWhenFooled`).
 *
 * Note: it has no random start, so it starts where a masking network is flat; PGD does not.
 *
 * Source: Kurakin, Goodfellow & Bengio, “Adversarial examples in the physical world”, arXiv:1607.02533.
 *
 * Tested: against the steps in plain loops; with one step of length ε it equals FGSM; against Foolbox.
 */
export const bim = ({ steps = 10, loss = 'ce', stopWhenFooled = true, ...length }: BimOptions = {}): Attack =>
  judged({
    id: 'bim',
    label: 'BIM',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    leastClasses: losses[loss].minClasses,
    source: 'Kurakin et al., arXiv:1607.02533',
    perturb: ascent({
      norm: 'linf',
      randomStart: false,
      restarts: 1,
      steps,
      loss,
      stopWhenFooled,
      stepOf: stepOf(length, steps, 2 / steps),
    }),
  });
