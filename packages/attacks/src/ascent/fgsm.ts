import type { Attack } from '@weightmap/core';
import { norms } from '../harness/_norms.js';
import { judged } from '../harness/evaluate.js';
import { aimed } from '../harness/losses.js';

/**
 * Fast gradient sign method: x′ = clip(x + ε · sign ∇ₓ CE(logits(x), y)).
 *
 * CE is the softmax cross-entropy of the logits with the true label, clip is to the classifier's bounds, and ε is in the units
 * of the pixels between those bounds. All ε share one gradient. With targets t: x′ = clip(x − ε · sign ∇ₓ CE(logits(x), t)).
 *
 * Note: one step can overshoot: accuracy may rise again with ε. A rise is a sign of masking only if it exceeds the noise of
 * the images.
 *
 * Its `run` throws a WeightmapError if the gradient or a logit is not finite.
 * Source: Goodfellow, Shlens & Szegedy, “Explaining and harnessing adversarial examples”, 2015; paper, section 4.
 *
 * Tested: against the formula in plain loops; on a linear classifier, where it succeeds exactly from ε = |Δz| / ‖w₁ − w₀‖₁;
 * against Foolbox and ART.
 */
export const fgsm = (): Attack =>
  judged({
    id: 'fgsm',
    label: 'FGSM',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    source: 'Goodfellow et al., arXiv:1412.6572',
    perturb(victim, batch, { strengths }) {
      const loss = aimed('ce', batch.targets !== undefined);
      const { gradient } = victim.gradient({ ...batch, loss });
      const direction = norms.linf.normalize(gradient);
      return strengths.map((ε) => batch.images.add(direction.mul(ε)));
    },
  });
