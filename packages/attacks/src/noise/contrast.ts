import type { Attack } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';

/**
 * Contrast reduction: x′ = m + (1 − r)·(x − m), with m the mean of each channel over the image and r the share of the
 * contrast that is removed; for r ≥ 1 only the mean remains.
 *
 * It is deterministic.
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
    strengthUnit: 'reduction',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb(_victim, { images }, { strengths }) {
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
