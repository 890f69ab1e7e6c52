import type { Attack } from '@weightmap/core';
import { apgdInfo, climbing } from './_apgd.js';
import type { AutoAscentOptions } from './_auto-ascent.js';
import { judged } from './evaluate.js';

/**
 * Auto-PGD on L∞ with the softmax cross-entropy: ascent with momentum whose step, 2ε at first, is halved image by image
 * where the loss stops rising. It needs no step size; 100 steps by default.
 *
 * The algorithm is in `_auto-ascent.ts`. With targets t it maximises −CE(logits(x), t).
 *
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690.
 */
export const apgdCe = (options: AutoAscentOptions = {}): Attack =>
  judged({ ...apgdInfo, id: 'apgd-ce', label: 'APGD CE', perturb: climbing('ce', options) });
