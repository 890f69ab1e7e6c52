import type { Attack } from '@weightmap/core';
import { apgdInfo, climbing } from './_apgd.js';
import type { AutoAscentOptions } from './_auto-ascent.js';
import { judged } from './evaluate.js';

/**
 * Auto-PGD on L∞ with the softmax cross-entropy: ascent with momentum whose step, 2ε at first, is halved image by image
 * where the loss stops rising. With P the projection onto the ball and the bounds, from a random point on the ball's
 * surface,
 *
 *     z = P(x_k + a · sign ∇L(x_k))
 *     x_{k+1} = P(x_k + 0.75 (z − x_k) + 0.25 (x_k − x_{k−1}))
 *
 * At checkpoints, which come closer and closer (0.22, 0.41, 0.57, … of the steps), a is halved if the loss rose in fewer
 * than 75 % of the steps since the last one, or if neither a nor the largest loss has changed since; then the search goes
 * on from the image of largest loss. It needs no step size; 100 steps by default.
 *
 * The algorithm is in `_auto-ascent.ts`. L = CE(logits(x), y); with targets t it is −CE(logits(x), t).
 *
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: against algorithm 1 in plain loops, image by image, and on a linear classifier; against torchattacks.
 */
export const apgdCe = (options: AutoAscentOptions = {}): Attack =>
  judged({ ...apgdInfo, id: 'apgd-ce', label: 'APGD CE', perturb: climbing('ce', options) });
