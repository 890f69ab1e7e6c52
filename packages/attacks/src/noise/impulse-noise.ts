import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { saltAndPepperOn } from './_salt-and-pepper.js';
import { judged } from '../harness/evaluate.js';

/**
 * Impulse noise: a share p of the values, each channel of a pixel on its own, becomes the smallest or the largest valid
 * one, at even odds. A share above 1 is all.
 *
 * All p share one draw, and what a small share hits, a larger one hits too. `saltAndPepper` hits whole pixels.
 *
 * Note: half of the values hit on a black background become what they are: black.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261.
 *
 * Tested: by the shares of black and white values, that channels are hit apart, and that a larger share hits what a
 * smaller one hits.
 */
export const impulseNoise = (): Attack =>
  judged({
    id: 'impulse-noise',
    label: 'impulse noise',
    kind: 'noise',
    strength: 'share',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb({ bounds }, images, _labels, { strengths, random }) {
      const chances = tf.tensor4d(random.uniforms(images.size), images.shape);
      return strengths.map((share) => saltAndPepperOn(images, chances, share, bounds));
    },
  });
