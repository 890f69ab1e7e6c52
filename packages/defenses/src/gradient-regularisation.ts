import type * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { imageGradient, slopeAlong } from './_gradients.js';
import { frozenLoss } from './_inner-ascent.js';
import { steepest, type BallNorm } from './_norms.js';
import { identityOf, optionsOf } from './_options.js';

const id = 'gradient-regularisation';

/** Options of gradient regularisation. */
export interface GradientRegularisationOptions {
  /** Weight of the penalty: the radius of the ball that it linearises, in units of pixels of [0, 1]. */
  readonly epsilon: number;
  /** Norm of that ball; the gradient is measured in the dual norm. */
  readonly norm: BallNorm;
  /** Step of the finite difference along the steepest direction, in that norm. */
  readonly reach: number;
}

const schema = z.strictObject({
  epsilon: z.number().min(0).max(100).default(0.1),
  norm: z.enum(['linf', 'l2', 'l1']).default('linf'),
  reach: z.number().positive().max(1).default(0.01),
});

/**
 * Gradient regularisation: the loss and the dual norm of its gradient with respect to the image,
 *
 *     J(x) + ε · ‖∇ₓJ(x)‖_{p*}
 *
 * which is the largest value of the linearised loss within the ball of radius ε in the norm p: p = ∞ penalises the gradient's L1
 * norm (linearised FGSM), p = 2 its L2 norm, p = 1 its largest coordinate. ε is 0.1 by default.
 *
 * The penalty is ⟨u, ∇ₓJ⟩ with the steepest direction u, and computed as (J(x + h·u) − J(x − h·u)) / 2h, since gradients of
 * gradients are wrong in tfjs; on networks with kinks it is a mean over that stretch. h is 0.01: far below ε, or it would be FGSM
 * training. It is taken in inference mode, so that the statistics of batch normalisation move once a step.
 *
 * Source: Lyu, Huang & Liang, “A unified gradient regularization family for adversarial examples”, arXiv:1511.06385. Published:
 * error on clean images and on images with Gaussian noise only; no attack (○).
 *
 * Known break: it linearises a single step; Madry et al. call such methods open to iterated attacks (✓).
 */
export const gradientRegularisation: Defense<GradientRegularisationOptions> = {
  id,
  label: 'Gradient regularisation',
  source: 'Lyu et al., arXiv:1511.06385',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'epsilon',
  ...optionsOf<GradientRegularisationOptions>(id, schema),
  gradients: () => 4,
  objective({ options }) {
    const { epsilon, norm, reach } = options;
    return {
      identity: identityOf(id, options),
      prepare: (net, { images, labels }) => ({
        direction: steepest[norm](imageGradient(images, frozenLoss(net, labels))),
      }),
      loss(net, { images, labels }, { direction }) {
        const slope = slopeAlong(frozenLoss(net, labels), images, direction as tf.Tensor4D, reach);
        return net.crossEntropy(net.logits(images), labels).add(slope.mul(epsilon));
      },
    };
  },
  adaptive: [
    { attack: 'pgd', why: 'the penalty linearises the loss; iterated steps follow its curvature' },
    { attack: 'square', why: 'a small gradient may be a masked one' },
  ],
};
