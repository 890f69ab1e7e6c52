import type { Attack } from '@weightmap/core';
import { apgd } from './_apgd.js';
import type { AutoAscentOptions } from './_auto-ascent.js';

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
export const apgdCe = (options: AutoAscentOptions = {}): Attack => apgd('ce', 'linf', options);

/**
 * Auto-PGD in L2 with the softmax cross-entropy: as `apgdCe`, with steps along the gradient of length 1, from a random
 * point of the sphere,
 *
 *     z = P(x_k + a · ∇L(x_k) / ‖∇L(x_k)‖₂)
 *     x_{k+1} = P(x_k + 0.75 (z − x_k) + 0.25 (x_k − x_{k−1}))
 *
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: as `apgdCe`.
 */
export const apgdCeL2 = (options: AutoAscentOptions = {}): Attack => apgd('ce', 'l2', options);

/**
 * Auto-PGD in L1 with the softmax cross-entropy: sparse steps, as sparse as the best change so far allows,
 *
 *     x_{k+1} = P(x_k + a · s / ‖s‖₁),   s the signs of ∇L(x_k) at its n steepest components, 0 at the others
 *
 * with P the projection onto what ball and bounds have in common, which is not that onto one after the other. It begins at
 * P of the image with normal noise, at a = ε and n a fifth of the components. After every 4 % of the steps n is what the
 * best change so far changes, over 1.5; where that is less than 95 % of what it was, a is ε again, and the search goes on
 * from there, else a is divided by 1.5, down to ε/10. No momentum; 100 steps by default.
 *
 * The algorithm is in `_auto-ascent.ts` and `_sparse-rule.ts`, P in `_l1-box.ts`. With targets as `apgdCe`.
 *
 * Source: Croce & Hein, “Mind the box: L1-APGD for sparse adversarial attacks on image classifiers”, arXiv:2103.01208,
 * section 3, without the larger radii at first of its section 3.4.
 *
 * Tested: against the algorithm in plain loops, image by image, its projection against bisection, and on a linear
 * classifier.
 */
export const apgdCeL1 = (options: AutoAscentOptions = {}): Attack => apgd('ce', 'l1', options);
