import type { Attack } from '@weightmap/core';
import { ascent, stepOf, type AscentOptions } from './_ascent.js';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';

/** As for `pgd`, but for the restarts: it always begins at the image itself. */
export type BimOptions = Omit<AscentOptions, 'restarts'>;

/**
 * Basic iterative method: x ← clip(project(x + a · sign ∇ₓ CE)) from the clean image, the ball being that of L∞.
 *
 * 10 steps by default, each of length a = 2 ε/steps: 0.2 ε for 10, as Foolbox takes them. (The paper takes steps of one
 * gray level, and about 1.25 ε of them in all.) The worst image on the way is the result (see `stopWhenFooled`).
 *
 * Note: without a random start it begins where a masking network is flat; PGD doesn’t.
 *
 * Source: Kurakin, Goodfellow & Bengio, “Adversarial examples in the physical world”, arXiv:1607.02533.
 *
 * Tested: against the steps in plain loops; with one whole step it is FGSM; against Foolbox.
 */
export const bim = ({ steps = 10, loss = 'ce', stopWhenFooled = true, ...length }: BimOptions = {}): Attack =>
  judged({
    id: 'bim',
    label: 'BIM',
    kind: 'fixed',
    strength: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    leastClasses: losses[loss].minClasses,
    source: 'Kurakin et al., arXiv:1607.02533',
    perturb: ascent({
      ...{ norm: 'linf', randomStart: false, restarts: 1 },
      ...{ steps, loss, stopWhenFooled, stepOf: stepOf(length, steps, 2 / steps) },
    }),
  });
