import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { poissonQuantiles } from './_poisson.js';
import { judged } from '../harness/evaluate.js';

/**
 * Shot noise: x′ = clip(l + (h − l) · s·k) with k ~ Poisson((x − l) / (h − l) / s) for every pixel and channel, within the
 * bounds [l, h]: counted photons, of which a white pixel is expected to have 1/s.
 *
 * s is the grain of the light: the variance of a white pixel, with bounds scaled to [0, 1]. k is a quantile: all s share one
 * draw of its probability from U(0, 1).
 *
 * Note: black pixels stay black. The published severities are 1/s.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261.
 *
 * Tested: against sums of the Poisson distribution’s probabilities in plain loops, with the same random numbers; by mean and
 * variance.
 */
export const shotNoise = (): Attack =>
  judged({
    id: 'shot-noise',
    label: 'shot noise',
    kind: 'noise',
    strengthUnit: 'grain',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb({ bounds: [low, high] }, { images }, { strengths, random }) {
      const chances = random.uniforms(images.size);
      const pixels = images.dataSync();
      return strengths.map((grain) => {
        if (grain === 0) return images;
        const quantileOf = poissonQuantiles();
        const noisy = Float32Array.from(pixels, (pixel, i) => {
          const photons = (pixel - low) / (high - low) / grain;
          return low + (high - low) * grain * quantileOf(photons, chances[i]);
        });
        return tf.tensor4d(noisy, images.shape);
      });
    },
  });
