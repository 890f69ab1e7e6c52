import type { Attack } from '@weightmap/core';
import { autoAscent, type AutoAscentOptions } from './_auto-ascent.js';
import { eachStrength } from './_each-strength.js';
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
export function apgdCe({ steps = 100, restarts = 1 }: AutoAscentOptions = {}): Attack {
  const climb = autoAscent({ steps, restarts, loss: 'ce' });
  return judged({
    id: 'apgd-ce',
    label: 'APGD CE',
    kind: 'fixed',
    strength: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    source: 'Croce & Hein, arXiv:2003.01690',
    perturb: (victim, images, labels, options) =>
      eachStrength(images, options, (epsilon, random) =>
        climb(victim, { images, labels, targets: options.targets, epsilon, random }),
      ),
  });
}
