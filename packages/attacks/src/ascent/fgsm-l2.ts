import type { Attack } from '@weightmap/core';
import { norms } from '../harness/_norms.js';
import { judged } from '../harness/evaluate.js';
import { aimed } from '../harness/losses.js';

/**
 * Fast gradient method in L2: x′ = clip(x + ε · ∇ₓ CE / ‖∇ₓ CE‖₂); where the gradient is 0 nothing changes.
 *
 * All ε share one gradient. With targets t it moves against the gradient of CE(logits(x), t).
 *
 * Source: Goodfellow et al., arXiv:1412.6572, in the norm of Miyato et al., arXiv:1605.07725, eq. 4.
 *
 * Tested: against the formula in plain loops; against Foolbox and ART.
 */
export const fgsmL2 = (): Attack =>
  judged({
    id: 'fgsm-l2',
    label: 'FGM L2',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: true,
    source: 'Miyato et al., arXiv:1605.07725',
    perturb(victim, batch, { strengths }) {
      const loss = aimed('ce', batch.targets !== undefined);
      const { gradient } = victim.gradient({ ...batch, loss });
      const direction = norms.l2.normalize(gradient);
      return strengths.map((ε) => batch.images.add(direction.mul(ε)));
    },
  });
