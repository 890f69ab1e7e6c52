import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';

/**
 * Speckle noise: x′ = clip(x + σ·(x − l)·n) with n ~ N(0, 1) for every pixel and channel, and l the lowest valid value.
 * Brighter pixels get more noise.
 *
 * All σ share one draw of n, which makes curves over σ smooth.
 *
 * Note: black pixels stay black.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261, among its corruptions for validation.
 *
 * Tested: against the formula in plain loops on the stream’s own normal numbers.
 */
export const speckleNoise = (): Attack =>
  judged({
    id: 'speckle-noise',
    label: 'speckle noise',
    kind: 'noise',
    strengthUnit: 'sigma',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb({ bounds: [low] }, { images }, { strengths, random }) {
      const noise = tf.tensor4d(random.normals(images.size), images.shape).mul(images.sub(low));
      return strengths.map((σ) => images.add(noise.mul(σ)));
    },
  });
