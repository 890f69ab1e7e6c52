import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { nonZero } from '../harness/_norms.js';
import { judged } from '../harness/evaluate.js';

/**
 * More brightness: the value V of a pixel’s hue, saturation and value grows by c, up to the largest valid one, and hue
 * and saturation stay,
 *
 *     x′ = l + (x − l) · min(V + c, h − l) / V,   V = max over channels of x − l
 *
 * within the bounds [l, h]; black, where V = 0, becomes the gray of value c. In one channel that is x′ = min(x + c, h).
 *
 * Nothing is random.
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
    strength: 'shift',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb({ bounds: [low, high] }, images, _labels, { strengths }) {
      const light = images.sub<tf.Tensor4D>(low);
      const value = light.max<tf.Tensor4D>(3, true);
      const shares = tf.where(value.greater(0), light.div(nonZero(value)), tf.onesLike(light));
      return strengths.map((shift) =>
        shift === 0 ? images : shares.mul(value.add(shift).minimum(high - low)).add(low),
      );
    },
  });
