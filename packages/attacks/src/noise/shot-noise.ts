import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { poissonQuantiles } from './_poisson.js';
import { judged } from '../harness/evaluate.js';

/**
 * Shot noise: x′ = clip(l + (h − l) · s·k) with k ~ Poisson((x − l) / (h − l) / s) for every pixel and channel, within the
 * bounds [l, h]: the photons that are counted where 1/s are expected of white.
 *
 * s is the grain of the light: the variance of a white pixel, bounds scaled to [0, 1]. k is the quantile, of a number of
 * U(0, 1) that all s share.
 *
 * Note: what is black stays black. The published severities are 1/s.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261.
 *
 * Tested: against sums of the Poisson distribution’s probabilities in plain loops, on the stream’s own numbers, and by mean
 * and variance.
 */
export const shotNoise = (): Attack =>
  judged({
    id: 'shot-noise',
    label: 'shot noise',
    kind: 'noise',
    strength: 'grain',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb({ bounds: [low, high] }, images, _labels, { strengths, random }) {
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
