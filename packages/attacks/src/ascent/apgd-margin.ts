import type { Attack } from '@weightmap/core';
import { apgd } from './_apgd.js';
import type { AutoAscentOptions } from './_auto-ascent.js';

/**
 * Auto-PGD on L∞ with the margin of the logits: the ascent of `apgdCe` on the loss of Carlini & Wagner, which does not
 * saturate where the classifier is confident,
 *
 *     L = max_{i≠y} z_i − z_y
 *
 * It is defined for two classes, for which the difference of logits ratio (`apgdDlr`) is not. 100 steps by default. The
 * algorithm is in `_auto-ascent.ts`. With targets t it maximises z_t − max_{i≠t} z_i.
 *
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690, where it is Auto-PGD with the CW loss.
 *
 * Tested: against algorithm 1 in plain loops, image by image; on a linear classifier.
 */
export const apgdMargin = (options: AutoAscentOptions = {}): Attack => apgd('margin', 'linf', options);
