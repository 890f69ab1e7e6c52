import type * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { imageGradient } from './_gradients.js';
import { frozenLoss } from './_inner-ascent.js';
import { signOf } from './_norms.js';
import { identityOf, optionsOf, share, size } from './_options.js';

const id = 'fgsm-training';

/** Options of FGSM adversarial training. */
export interface FgsmTrainingOptions {
  /** L∞ radius of the adversarial images, in units of pixels of [0, 1]. */
  readonly epsilon: number;
  /** Share of the clean images' loss; the rest is the adversarial images'. */
  readonly cleanShare: number;
}

const schema = z.strictObject({ epsilon: size.default(0.25), cleanShare: share.default(0.5) });

/**
 * FGSM adversarial training: each step also trains on adversarial images of one gradient step, made with the weights of that
 * step,
 *
 *     α J(x) + (1 − α) J(x + ε · sign ∇ₓJ(x)),   α = 0.5, ε = 0.25
 *
 * No gradient flows through the sign; the gradient with respect to the images is taken in inference mode.
 *
 * Source: Goodfellow, Shlens & Szegedy, “Explaining and harnessing adversarial examples”, arXiv:1412.6572. Published for maxout
 * networks on MNIST: error under FGSM at ε = 0.25 from 89.4 to 17.9 %, clean error from 0.94 to 0.78 % (○, read in a secondary
 * text).
 *
 * Measured: a small CNN, 10 epochs on MNIST at ε = 0.25, has 1.7 % errors under FGSM and 100 % under PGD of 40 steps.
 *
 * Known break: it teaches a network to mask its gradient along a single step (label leaking, catastrophic overfitting): PGD on
 * the margin, Square and images of other networks succeed.
 */
export const fgsmTraining: Defense<FgsmTrainingOptions> = {
  id,
  label: 'FGSM training',
  source: 'Goodfellow et al., arXiv:1412.6572',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'epsilon',
  ...optionsOf<FgsmTrainingOptions>(id, schema),
  gradients: ({ epsilon, cleanShare }) => (epsilon === 0 ? 1 : 2 + Number(cleanShare > 0)),
  objective({ options }) {
    const { epsilon, cleanShare } = options;
    if (epsilon === 0) return undefined; // both terms are the plain loss
    return {
      identity: identityOf(id, options),
      prepare(net, { images, labels }) {
        const up = signOf(imageGradient(images, frozenLoss(net, labels)));
        const moved = images.add<tf.Tensor4D>(up.mul(epsilon));
        return { moved: moved.clipByValue(...net.frozen.bounds) };
      },
      loss(net, { images, labels }, { moved }) {
        const adversarial = net.crossEntropy(net.logits(moved as tf.Tensor4D), labels);
        if (cleanShare === 0) return adversarial;
        const clean = net.crossEntropy(net.logits(images), labels);
        return clean.mul(cleanShare).add(adversarial.mul(1 - cleanShare));
      },
    };
  },
  adaptive: [
    { attack: 'pgd', why: 'the network is robust along a single step alone' },
    { attack: 'apgd-margin', why: 'the margin has a slope where the cross-entropy is masked' },
    { attack: 'square', why: 'it needs no gradient that training could have masked' },
  ],
};
