import type * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { warmedUp } from './_draws.js';
import { imageGradient } from './_gradients.js';
import { frozenLoss } from './_inner-ascent.js';
import { steepest, type BallNorm } from './_norms.js';
import { identityOf, optionsOf } from './_options.js';
import { lossOfMoved } from './_plain.js';

const id = 'robust-optimisation';

/** Options of robust optimisation. */
export interface RobustOptimisationOptions {
  /** Radius of the ball, in its norm and in units of pixels of [0, 1]. */
  readonly epsilon: number;
  /** Norm of the ball. */
  readonly norm: BallNorm;
  /** Epochs over which ε grows from 0 to its value. Default: 0, as published. */
  readonly warmUpEpochs?: number;
}

const schema = z.strictObject({
  epsilon: z.number().min(0).max(1000).default(0.25),
  norm: z.enum(['linf', 'l2', 'l1']).default('linf'),
  // Without a default: options without it are those of earlier cells.
  warmUpEpochs: z.number().min(0).max(1000).optional(),
});

/**
 * Robust optimisation: alternates one step of the weights with one maximisation of the linearised loss over the ball around each
 * image, and trains on the perturbed images alone,
 *
 *     min_θ J(x + δ*),   δ* = argmax_{‖δ‖_p ≤ ε} ⟨δ, ∇ₓJ(x)⟩
 *
 * δ* is ε · sign ∇ₓJ for p = ∞ (FGSM training without the clean images), ε · ∇ₓJ / ‖∇ₓJ‖₂ for p = 2, and ε at the largest coordinate
 * for p = 1. The images are clipped to the bounds.
 *
 * ε may grow over the first `warmUpEpochs` (‡, not in the article). Without it a small network may stay at chance, as small networks that
 * are trained on attacked images alone do (Madry et al., appendix B ✓): a CNN of three convolutions had 90 % errors here after each of
 * three epochs on 5,000 images of MNIST at ε = 0.1.
 *
 * Source: Shaham, Yamada & Negahban, “Understanding adversarial training: increasing local stability of neural nets through robust
 * optimization”, arXiv:1511.05432. Evaluated on FGSM only, as Madry et al. note (✓); its numbers are unverified.
 *
 * Known break: as FGSM training.
 */
export const robustOptimisation: Defense<RobustOptimisationOptions> = {
  id,
  label: 'Robust optimisation',
  source: 'Shaham et al., arXiv:1511.05432',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'epsilon',
  ...optionsOf<RobustOptimisationOptions>(id, schema),
  gradients: () => 2,
  objective: ({ options }) => ({
    identity: identityOf(id, options),
    draws: { radius: warmedUp(options.epsilon, options.warmUpEpochs ?? 0) },
    prepare(net, { images, labels }, { radius }) {
      const direction = steepest[options.norm](imageGradient(images, frozenLoss(net, labels)));
      const moved = images.add<tf.Tensor4D>(direction.mul(radius));
      return { moved: moved.clipByValue(...net.frozen.bounds) };
    },
    loss: lossOfMoved,
  }),
  adaptive: [
    { attack: 'pgd', why: 'the network is robust along a single step alone' },
    { attack: 'square', why: 'it needs no gradient that training could have masked' },
  ],
};
