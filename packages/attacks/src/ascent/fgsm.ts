import type { Attack } from '@weightmap/core';
import { norms } from '../harness/_norms.js';
import { judged } from '../harness/evaluate.js';
import { aimed } from '../harness/losses.js';

/**
 * Fast gradient sign method: x′ = clip(x + ε · sign ∇ₓ CE(logits(x), y)).
 *
 * CE is the softmax cross-entropy on the logits against the true label, clip is to the classifier's bounds,
 * ε in the units of the pixels between those bounds. One gradient serves all ε. With targets t: x′ = clip(x − ε · sign ∇ₓ CE(logits(x), t)).
 *
 * Note: one step can overshoot: accuracy may rise again with ε, which is a sign of masking only where it is more than
 * noise.
 *
 * Its `run` throws a WeightmapError if the gradient or a logit is not finite.
 * Source: Goodfellow, Shlens & Szegedy, “Explaining and harnessing adversarial examples”, 2015; paper, section 4.
 *
 * Tested: against the formula in plain loops, and on a linear classifier, where it fools exactly from ε = |Δz| / ‖w₁ −
 * w₀‖₁ on; against Foolbox and ART.
 */
export const fgsm = (): Attack =>
  judged({
    id: 'fgsm',
    label: 'FGSM',
    kind: 'fixed',
    strength: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    source: 'Goodfellow et al., arXiv:1412.6572',
    perturb(victim, images, labels, { strengths, targets }) {
      const loss = aimed('ce', targets !== undefined);
      const direction = norms.linf.normalize(victim.gradient({ images, labels, targets, loss }).gradient);
      return strengths.map((epsilon) => images.add(direction.mul(epsilon)));
    },
  });
