import type { Attack, AttackInfo } from '@weightmap/core';
import { eachStrength } from '../harness/_each-strength.js';
import type { Filled } from '../harness/_rows.js';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';
import { autoAscent, type AutoAscentOptions, type AutoAscentPlan } from './_auto-ascent.js';

type Norm = AutoAscentPlan['norm'];

const ENDINGS = { linf: '', l2: 'L2', l1: 'L1' } as const satisfies Record<Norm, string>;

/** Describes a variant of Auto-PGD; the ids are `apgd-ce` for L∞ and `apgd-ce-l2` for another norm, for example. */
export const apgdInfo = (id: string, label: string, norm: Norm) =>
  ({
    id: [id, ENDINGS[norm].toLowerCase()].filter(Boolean).join('-'),
    label: [label, ENDINGS[norm]].filter(Boolean).join(' '),
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm,
    targeted: true,
    usesGradient: true,
    source: norm === 'l1' ? 'Croce & Hein, arXiv:2103.01208' : 'Croce & Hein, arXiv:2003.01690',
  }) as const satisfies AttackInfo;

/** Auto-PGD on one loss: one ascent for each strength, towards the targets if there are any. */
export function apgd(
  loss: 'ce' | 'dlr' | 'margin',
  norm: Norm,
  { steps = 100, restarts = 1 }: AutoAscentOptions,
): Attack {
  const climb = autoAscent({ steps, restarts, loss, norm });
  return judged({
    ...apgdInfo(`apgd-${loss}`, `APGD ${loss === 'margin' ? loss : loss.toUpperCase()}`, norm),
    leastClasses: losses[loss].minClasses,
    perturb: (victim, batch, options) =>
      eachStrength(batch.images, options, (epsilon, random) =>
        climb(victim, { batch, epsilon, random, wanted: (options as Filled).wanted }),
      ),
  });
}
