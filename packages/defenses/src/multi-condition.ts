import * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { identityOf, optionsOf } from './_options.js';
import { lossOfMoved } from './_plain.js';

const id = 'multi-condition';

/** Options of multi-condition training. */
export interface MultiConditionOptions {
  /** Largest bound of the noise, in units of pixels of [0, 1]. */
  readonly beta: number;
}

const schema = z.strictObject({ beta: z.number().min(0).max(10).default(1) });

/**
 * Multi-condition training: each training image has noise of a level of its own, from none to the strongest,
 *
 *     J((x + b·u) / (1 + b)),   b ~ U(0, β) for each image, u ~ U(0, 1) for each value, β = 1 (‡)
 *
 * The noise is the one of the benchmark's noise curve (`uniform-noise` with the rescaling `bound`). Noise-aware training, which
 * also gives the network an estimate of the level, is `noiseAware`.
 *
 * Source: Seltzer, Yu & Wang, “An investigation of deep neural networks for noise robust speech recognition”, ICASSP 2013. Published
 * for speech (†): Aurora-4 word error rate 13.4 %, with noise-aware training 12.4.
 *
 * Known break: it makes no claim of security; PGD.
 */
export const multiCondition: Defense<MultiConditionOptions> = {
  id,
  label: 'Multi-condition training',
  source: 'Seltzer et al., ICASSP 2013',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'beta',
  ...optionsOf<MultiConditionOptions>(id, schema),
  gradients: () => 1,
  objective: ({ options }) => ({
    identity: identityOf(id, options),
    draws: {
      level: ({ shape }, random) => tf.tensor4d(random.uniforms(shape[0]), [shape[0], 1, 1, 1]),
      noise: ({ shape }, random) =>
        tf.tensor4d(random.uniforms(shape.reduce((product, length) => product * length, 1)), [...shape]),
    },
    prepare(_net, { images }, { level, noise }) {
      const bound = level.mul(options.beta);
      return { moved: images.add(noise.mul(bound)).div(bound.add(1)) };
    },
    loss: lossOfMoved,
  }),
  adaptive: [{ attack: 'pgd', why: 'noise covers the mean of a ball, not its worst point' }],
};
