import type { Attack } from '@weightmap/core';
import { apgd } from './_apgd.js';
import type { AutoAscentOptions } from './_auto-ascent.js';

/**
 * Auto-PGD on L∞ with the softmax cross-entropy: ascent with momentum and a step, 2ε at first, that is halved for each image
 * when its loss stops rising. With P the projection onto the ball and the bounds, from a random point on the ball's
 * surface,
 *
 *     z = P(x_k + a · sign ∇L(x_k))
 *     x_{k+1} = P(x_k + 0.75 (z − x_k) + 0.25 (x_k − x_{k−1}))
 *
 * At checkpoints (0.22, 0.41, 0.57, … of the steps) a is halved if the loss rose in fewer than 75 % of the steps since the
 * last checkpoint, or if neither a nor the largest loss has changed since; the search then continues from the image of
 * largest loss. There is no step size to choose. 100 steps by default.
 *
 * The algorithm is in `_auto-ascent.ts`. L = CE(logits(x), y); with targets t it is −CE(logits(x), t).
 *
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: against algorithm 1 in plain loops, image by image; on a linear classifier; against torchattacks.
 */
export const apgdCe = (options: AutoAscentOptions = {}): Attack => apgd('ce', 'linf', options);

/**
 * Auto-PGD in L2 with the softmax cross-entropy: as `apgdCe`, with gradients normalised in L2, from a random point on the
 * sphere,
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
 * Auto-PGD in L1 with the softmax cross-entropy: sparse steps, whose sparsity follows the best change so far,
 *
 *     x_{k+1} = P(x_k + a · s / ‖s‖₁),   s the signs of ∇L(x_k) at its n steepest components, 0 at the others
 *
 * with P the projection onto the intersection of ball and bounds, which differs from projecting onto one after the other. It
 * starts at P of the image with normal noise, with a = ε and n a fifth of the components. After every 4 % of the steps n
 * becomes the number of components that the best change so far changes, divided by 1.5. If that number is less than 95 % of
 * the previous one, a is reset to ε and the search continues from the best image; else a is divided by 1.5, down to ε/10. No
 * momentum; 100 steps by default.
 *
 * The algorithm is in `_auto-ascent.ts` and `_sparse-rule.ts`, P in `_l1-box.ts`. Targets are used as in `apgdCe`.
 *
 * Source: Croce & Hein, “Mind the box: L1-APGD for sparse adversarial attacks on image classifiers”, arXiv:2103.01208,
 * section 3, without the larger first radii of its section 3.4.
 *
 * Tested: against the algorithm in plain loops, image by image; its projection against bisection; on a linear classifier.
 */
export const apgdCeL1 = (options: AutoAscentOptions = {}): Attack => apgd('ce', 'l1', options);
