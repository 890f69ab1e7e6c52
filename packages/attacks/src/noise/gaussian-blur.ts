import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { alongBothAxes } from './_along-axes.js';
import { judged } from '../harness/evaluate.js';

/**
 * Gaussian blur: each pixel becomes the average of its neighbourhood, weighted by exp(−d² / 2w²) at a distance of d pixels
 * along each axis, up to d = ⌊4w + ½⌋. The width w is in pixels. Beyond the border, the border's pixels are repeated; each
 * channel is blurred separately.
 *
 * It is deterministic.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261.
 *
 * Tested: against the weighted mean in plain loops, for three widths.
 */
export const gaussianBlur = (): Attack =>
  judged({
    id: 'gaussian-blur',
    label: 'Gaussian blur',
    kind: 'noise',
    strengthUnit: 'width',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb: (_victim, { images }, { strengths }) =>
      strengths.map((width) =>
        width === 0 ? images : tf.tidy(() => alongBothAxes(images, (size) => blurMatrix(size, width))),
      ),
  });

/** Row i holds the weights of the pixels that are averaged for pixel i. */
function blurMatrix(size: number, sigma: number): Float32Array {
  const reach = Math.floor(4 * sigma + 0.5);
  const weight = (distance: number) => Math.exp(-(distance ** 2) / (2 * sigma ** 2));
  let total = 0;
  for (let d = -reach; d <= reach; d++) total += weight(d);
  const matrix = new Float32Array(size * size);
  for (let i = 0; i < size; i++)
    for (let d = -reach; d <= reach; d++) {
      const from = Math.min(size - 1, Math.max(0, i + d));
      matrix[i * size + from] += weight(d) / total;
    }
  return matrix;
}
