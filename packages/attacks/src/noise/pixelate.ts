import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { alongBothAxes } from './_along-axes.js';
import { judged } from '../harness/evaluate.js';

/**
 * Pixelation: reduces the image of N pixels along an axis to n = ⌊(1 − r) N⌋ pixels, and enlarges it to N pixels again,
 *
 *     small_i = mean of the x_p with i N/n < p + ½ ≤ (i + 1) N/n,   x′_p = small_⌊(p + ½) n/N⌋
 *
 * along both axes. r is the share of the resolution that is removed; n is at least 1.
 *
 * It is deterministic. Unlike the published code, it does not round the small image to bytes.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261, where 1 − r is the severity; box filter as in its code.
 *
 * Tested: against means over blocks in plain loops.
 */
export const pixelate = (): Attack =>
  judged({
    id: 'pixelate',
    label: 'pixelation',
    kind: 'noise',
    strengthUnit: 'reduction',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb: (_victim, { images }, { strengths }) =>
      strengths.map((reduction) =>
        reduction === 0 ? images : tf.tidy(() => alongBothAxes(images, (size) => blocks(size, reduction))),
      ),
  });

/** Row p holds equal weights for the pixels q whose centres lie in the block of pixel p. */
function blocks(size: number, reduction: number): Float32Array {
  // In float64 (1 − 0.7) · 10 is less than 3, so round first.
  const count = Math.max(1, Math.floor(Number(((1 - reduction) * size).toFixed(6))));
  const places = Array.from({ length: size }, (_, p) => ((p + 0.5) * count) / size);
  const source = places.map(Math.floor);
  // A centre between two blocks belongs to the lower one, as in Pillow.
  const block = places.map((place) => Math.ceil(place) - 1);
  const matrix = new Float32Array(size * size);
  for (let p = 0; p < size; p++) {
    const members = block.filter((other) => other === source[p]).length;
    for (let q = 0; q < size; q++) if (block[q] === source[p]) matrix[p * size + q] = 1 / members;
  }
  return matrix;
}
