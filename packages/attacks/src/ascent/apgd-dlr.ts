import type { Attack } from '@weightmap/core';
import { apgd } from './_apgd.js';
import type { AutoAscentOptions } from './_auto-ascent.js';

/**
 * Auto-PGD on L∞ with the difference of logits ratio: the ascent of `apgdCe` on a loss that is invariant to scaling the
 * logits,
 *
 *     L = −(z_y − max_{i≠y} z_i) / (z_π1 − z_π3 + 1e-12),   π sorts the logits in descending order
 *
 * It succeeds on classifiers whose cross-entropy is saturated. 100 steps by default. The algorithm is in `_auto-ascent.ts`.
 * With targets it maximises the targeted ratio (see `apgdT`).
 *
 * Its `run` throws a WeightmapError for fewer than 3 classes (4 with targets).
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: against algorithm 1 in plain loops, image by image; on a linear classifier; against torchattacks.
 */
export const apgdDlr = (options: AutoAscentOptions = {}): Attack => apgd('dlr', 'linf', options);

/**
 * Auto-PGD in L2 with the difference of logits ratio: the loss of `apgdDlr`, the steps of `apgdCeL2`.
 *
 * Its `run` throws a WeightmapError for fewer than 3 classes (4 with targets).
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 *
 * Tested: as `apgdDlr`.
 */
export const apgdDlrL2 = (options: AutoAscentOptions = {}): Attack => apgd('dlr', 'l2', options);

/**
 * Auto-PGD in L1 with the difference of logits ratio: the loss of `apgdDlr`, the steps of `apgdCeL1`.
 *
 * Its `run` throws a WeightmapError for fewer than 3 classes (4 with targets).
 * Source: Croce & Hein, “Mind the box: L1-APGD for sparse adversarial attacks on image classifiers”, arXiv:2103.01208,
 * section 3, without the larger first radii of its section 3.4.
 *
 * Tested: as `apgdCeL1`.
 */
export const apgdDlrL1 = (options: AutoAscentOptions = {}): Attack => apgd('dlr', 'l1', options);
