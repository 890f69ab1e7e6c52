import { WeightmapError, type Defense } from '@weightmap/core';
import { z } from 'zod';
import { prepended } from './_insertion.js';
import { multiCondition } from './multi-condition.js';
import { identityOf, optionsOf } from './_options.js';
import { NoiseLevel } from './noise-level.js';

const id = 'noise-aware';

/** Options of noise-aware training. */
export interface NoiseAwareOptions {
  /** Largest bound of the noise on training images, in units of pixels of [0, 1]. */
  readonly beta: number;
}

const schema = z.strictObject({ beta: z.number().min(0).max(10).default(1) });

/**
 * Noise-aware training: as multi-condition training, and the network gets an estimate of each image's noise as an input channel of
 * its own,
 *
 *     J([x̃, σ̂(x̃)]),   x̃ = (x + b·u) / (1 + b), b ~ U(0, β), β = 1 (‡),   σ̂: median |N ∗ x̃| / (6 · 0.6745)
 *
 * with the second differences N in both directions (see `noiseLevel`; the article estimates the noise of speech by the frames at its
 * edges †, the estimate of images is our own ‡). The channel is made by a layer (`NoiseLevel`, named `noise-level`) before the
 * network, whose first layer has an input channel more. With β = 0 there is no channel.
 *
 * Source: Seltzer, Yu & Wang, “An investigation of deep neural networks for noise robust speech recognition”, ICASSP 2013. Published
 * for speech (†): Aurora-4 word error rate from 13.4 % with multi-condition training to 12.4.
 *
 * Known break: it makes no claim of security, and the estimate can be attacked, too: PGD through it, by the gradient of the mean in
 * place of the median's.
 */
export const noiseAware: Defense<NoiseAwareOptions> = {
  id,
  label: 'Noise-aware training',
  source: 'Seltzer et al., ICASSP 2013',
  kinds: ['objective', 'architecture'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'beta',
  ...optionsOf<NoiseAwareOptions>(id, schema),
  gradients: () => 1,
  build(plain, { options: { beta }, spec }) {
    if (beta === 0) return plain();
    if (Math.min(spec.height, spec.width) < 3)
      throw new WeightmapError('The images are too small to estimate their noise.', {
        where: `${spec.height}×${spec.width} pixels`,
        expected: 'at least 3×3 pixels',
      });
    const body = plain({ ...spec, channels: spec.channels + 1 });
    const { height, width, channels } = spec;
    return prepended(body, [height, width, channels], new NoiseLevel({ name: 'noise-level' }));
  },
  objective({ options, ...request }) {
    if (options.beta === 0) return undefined;
    const noisy = multiCondition.objective!({ ...request, options })!;
    return { ...noisy, identity: identityOf(id, options) };
  },
  adaptive: [
    { attack: 'pgd', why: 'it follows the estimate of the noise by a mean in place of the median' },
    { attack: 'square', why: 'it needs no gradient of the median' },
  ],
};
