import type { AttackInfo, AttackMethod } from '@weightmap/core';
import { autoAscent, type AutoAscentOptions } from './_auto-ascent.js';
import { eachStrength } from './_each-strength.js';

/** What all forms of Auto-PGD say of themselves. */
export const apgdInfo = {
  kind: 'fixed',
  strength: 'epsilon',
  norm: 'linf',
  targeted: true,
  usesGradient: true,
  source: 'Croce & Hein, arXiv:2003.01690',
} as const satisfies Partial<AttackInfo>;

/** One ascent of a loss for each strength, towards the targets if there are any. */
export function climbing(
  loss: 'ce' | 'dlr',
  { steps = 100, restarts = 1 }: AutoAscentOptions,
): AttackMethod['perturb'] {
  const climb = autoAscent({ steps, restarts, loss });
  return (victim, images, labels, options) =>
    eachStrength(images, options, (epsilon, random) =>
      climb(victim, { images, labels, targets: options.targets, epsilon, random }),
    );
}
