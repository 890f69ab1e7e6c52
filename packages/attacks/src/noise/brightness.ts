import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { nonZero } from '../harness/_norms.js';
import { judged } from '../harness/evaluate.js';

/**
 * Brightness: adds c to the value V of each pixel’s hue, saturation and value, up to the largest valid value, and keeps hue
 * and saturation,
 *
 *     x′ = l + (x − l) · min(V + c, h − l) / V,   V = max over channels of x − l
 *
 * within the bounds [l, h]. Black, with V = 0, becomes the gray of value c. For one channel this is x′ = min(x + c, h).
 *
 * It is deterministic.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261.
 *
 * Tested: against the conversion to hue, saturation and value and back, in plain loops.
 */
export const brightness = (): Attack =>
  judged({
    id: 'brightness',
    label: 'brightness',
    kind: 'noise',
    strengthUnit: 'shift',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb({ bounds: [low, high] }, { images }, { strengths }) {
      const light = images.sub<tf.Tensor4D>(low);
      const value = light.max<tf.Tensor4D>(3, true);
      const shares = tf.where(value.greater(0), light.div(nonZero(value)), tf.onesLike(light));
      return strengths.map((c) => (c === 0 ? images : shares.mul(value.add(c).minimum(high - low)).add(low)));
    },
  });
