import type { Attack } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';

/**
 * Less contrast: x′ = m + (1 − r)·(x − m), with m the mean of each channel over the image and r the share of the contrast
 * that is taken away; r ≥ 1 leaves the mean alone.
 *
 * Nothing is random.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261, where 1 − r is the severity.
 *
 * Tested: against the formula in plain loops.
 */
export const contrast = (): Attack =>
  judged({
    id: 'contrast',
    label: 'contrast',
    kind: 'noise',
    strength: 'reduction',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb(_victim, images, _labels, { strengths }) {
      const means = images.mean([1, 2], true);
      return strengths.map((reduction) =>
        reduction === 0
          ? images
          : images
              .sub(means)
              .mul(Math.max(0, 1 - reduction))
              .add(means),
      );
    },
  });
