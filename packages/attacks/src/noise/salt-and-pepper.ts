import * as tf from '@tensorflow/tfjs';
import type { Attack } from '@weightmap/core';
import { saltAndPepperOn } from './_salt-and-pepper.js';
import { judged } from '../harness/evaluate.js';

/**
 * Salt and pepper: replaces a share p of the pixels, all channels together, by black or white, the smallest or the largest
 * valid value, with equal probability. A share above 1 counts as 1.
 *
 * All p share one draw: pixels hit at a small share are also hit at a larger one. `impulseNoise` hits channels separately.
 *
 * Note: on a black background half of the pixels that are hit do not change.
 *
 * Source: Gonzalez & Woods, “Digital image processing”, section 5.2 (impulse noise).
 *
 * Tested: by the shares of black and white pixels; the channels of a pixel are hit together; a larger share hits all pixels
 * that a smaller one hits.
 */
export const saltAndPepper = (): Attack =>
  judged({
    id: 'salt-and-pepper',
    label: 'salt and pepper',
    kind: 'noise',
    strengthUnit: 'share',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'Gonzalez & Woods, Digital image processing',
    perturb({ bounds }, { images }, { strengths, random }) {
      const [batch, height, width] = images.shape;
      const chances = tf.tensor4d(random.uniforms(batch * height * width), [batch, height, width, 1]);
      return strengths.map((share) => saltAndPepperOn(images, chances, share, bounds));
    },
  });
