import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { saltAndPepperOn } from './_salt-and-pepper.js';
import { judged } from '../harness/evaluate.js';

/**
 * Impulse noise: replaces a share p of the values by the smallest or the largest valid value, with equal probability. Each
 * channel of a pixel is drawn separately. A share above 1 counts as 1.
 *
 * All p share one draw: values hit at a small share are also hit at a larger one. `saltAndPepper` hits whole pixels.
 *
 * Note: on a black background half of the values that are hit do not change.
 *
 * Source: Hendrycks & Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations”,
 * arXiv:1903.12261.
 *
 * Tested: by the shares of black and white values; channels are hit separately; a larger share hits all values that a
 * smaller one hits.
 */
export const impulseNoise = (): Attack =>
  judged({
    id: 'impulse-noise',
    label: 'impulse noise',
    kind: 'noise',
    strengthUnit: 'share',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Hendrycks & Dietterich, arXiv:1903.12261',
    perturb({ bounds }, { images }, { strengths, random }) {
      const chances = tf.tensor4d(random.uniforms(images.size), images.shape);
      return strengths.map((share) => saltAndPepperOn(images, chances, share, bounds));
    },
  });
