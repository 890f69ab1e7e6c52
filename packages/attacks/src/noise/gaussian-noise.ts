import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';

/**
 * Gaussian noise: x′ = clip(x + σ·n) with n ~ N(0, 1) for every pixel and channel, σ in units of pixels.
 *
 * All σ share one draw of n, which makes curves over σ smooth.
 *
 * Note: clipping removes half of the noise where an image is black or white, as most of MNIST is.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261.
 *
 * Tested: against the formula in plain loops on the stream’s own normal numbers.
 */
export const gaussianNoise = (): Attack =>
  judged({
    id: 'gaussian-noise',
    label: 'Gaussian noise',
    kind: 'noise',
    strengthUnit: 'sigma',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb(_victim, { images }, { strengths, random }) {
      const noise = tf.tensor4d(random.normals(images.size), images.shape);
      return strengths.map((σ) => images.add(noise.mul(σ)));
    },
  });
