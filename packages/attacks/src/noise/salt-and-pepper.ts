import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { saltAndPepperOn } from './_salt-and-pepper.js';
import { judged } from '../harness/evaluate.js';

/**
 * Salt and pepper: a share p of the pixels, all channels together, becomes black or white: the smallest or the largest
 * valid value, at even odds. A share above 1 is all.
 *
 * All p share one draw, and what a small share hits, a larger one hits too. `impulseNoise` hits channels one by one.
 *
 * Note: half of the pixels hit on a black background become what they are: black.
 *
 * Source: Gonzalez & Woods, “Digital image processing”, section 5.2 (impulse noise).
 *
 * Tested: by the shares of black and white pixels, which channels go together, and that a larger share hits what a
 * smaller one hits.
 */
export const saltAndPepper = (): Attack =>
  judged({
    id: 'salt-and-pepper',
    label: 'salt and pepper',
    kind: 'noise',
    strength: 'share',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Gonzalez & Woods, Digital image processing',
    perturb({ bounds }, images, _labels, { strengths, random }) {
      const [batch, height, width] = images.shape;
      const chances = tf.tensor4d(random.uniforms(batch * height * width), [batch, height, width, 1]);
      return strengths.map((share) => saltAndPepperOn(images, chances, share, bounds));
    },
  });
