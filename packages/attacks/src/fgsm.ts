import type { Attack } from '@weightmap/core';
import { lossGradient } from './_cross-entropy.js';
import { norms } from './_norms.js';
import { judged } from './evaluate.js';

/**
 * Fast gradient sign method: x′ = clip(x + ε · sign ∇ₓ CE(logits(x), y)).
 *
 * CE is the softmax cross-entropy on the logits against the true label, clip is to the classifier's bounds,
 * ε in units of pixels. One gradient serves all ε.
 *
 * Its `run` throws a WeightmapError if the gradient or a logit is not finite.
 * Source: Goodfellow, Shlens & Szegedy, “Explaining and harnessing adversarial examples”, 2015; paper, section 4.
 */
export const fgsm = (): Attack =>
  judged({
    id: 'fgsm',
    label: 'FGSM',
    strength: 'epsilon',
    norm: 'linf',
    usesGradient: true,
    source: 'Goodfellow et al., arXiv:1412.6572',
    perturb(classifier, images, labels, { strengths }) {
      const direction = norms.linf.normalize(lossGradient(classifier, images, labels));
      return strengths.map((epsilon) => images.add(direction.mul(epsilon)));
    },
  });
