import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { normalNoise } from './_draws.js';
import { identityOf, optionsOf } from './_options.js';
import { lossOfMoved } from './_plain.js';

const id = 'noisy-training';

/** Options of training with Gaussian noise. */
export interface NoisyTrainingOptions {
  /** Standard deviation of the noise on the training images, in units of pixels of [0, 1]. */
  readonly sigma: number;
}

const schema = z.strictObject({ sigma: z.number().min(0).max(10).default(0.3) });

/**
 * Training on images with Gaussian noise: J(x + σ · N(0, 1)), new noise in each step, σ = 0.3 (‡). The noisy images are not
 * clipped.
 *
 * Source: Jin, Dundar & Culurciello, “Robust convolutional neural networks under adversarial noise”, arXiv:1511.06306, whose
 * stochastic operators are `stochasticOperators` here. Published (✓): CIFAR-10 +7.4 points under adversarial noise (abstract);
 * with the operators, ResNet-101 error 22.5 %, FGSM from 82.5 to 40.8 by the gradient of the plain network (code).
 *
 * Known break: none of the noise alone, which claims little; it was never attacked by iterated steps.
 */
export const noisyTraining: Defense<NoisyTrainingOptions> = {
  id,
  label: 'Noisy training',
  source: 'Jin et al., arXiv:1511.06306',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'sigma',
  ...optionsOf<NoisyTrainingOptions>(id, schema),
  gradients: () => 1,
  objective: ({ options }) => ({
    identity: identityOf(id, options),
    draws: { noise: normalNoise },
    prepare: (_net, { images }, { noise }) => ({ moved: images.add(noise.mul(options.sigma)) }),
    loss: lossOfMoved,
  }),
  adaptive: [{ attack: 'pgd', why: 'noise covers the mean of a ball, not its worst point' }],
};
