import type { Attack } from '@weightmap/core';
import { apgdInfo, climbing } from './_apgd.js';
import type { AutoAscentOptions } from './_auto-ascent.js';
import { judged } from './evaluate.js';

/**
 * Auto-PGD on L∞ with the difference of logits ratio, −(z_y − max_{i≠y} z_i) / (z_π1 − z_π3 + 1e-12), which scaling the
 * logits doesn't change: it is a check on attacks by the cross-entropy. 100 steps by default.
 *
 * The algorithm is in `_auto-ascent.ts`. With targets it maximises the targeted ratio (see `apgdT`).
 *
 * Its `run` throws a WeightmapError for fewer than 3 classes (4 with targets).
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 */
export const apgdDlr = (options: AutoAscentOptions = {}): Attack =>
  judged({ ...apgdInfo, id: 'apgd-dlr', label: 'APGD DLR', perturb: climbing('dlr', options) });
