import type * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { gradientReader, ownGradient } from './_gradient-reader.js';
import { imageGradient, slopeAlong } from './_gradients.js';
import { frozenLoss } from './_inner-ascent.js';
import { identityOf, optionsOf } from './_options.js';

const id = 'gradient-adversarial';

/** Options of gradient adversarial training. */
export interface GradientAdversarialOptions {
  /** Weight λ of the reversed gradient. */
  readonly lambda: number;
  /** Hidden units of the network that reads gradients. */
  readonly units: number;
  /** Largest change of a pixel in the finite difference, in units of pixels of [0, 1]. */
  readonly reach: number;
}

const schema = z.strictObject({
  lambda: z.number().min(0).max(1000).default(0.1),
  units: z.number().int().min(1).max(4096).default(64),
  reach: z.number().positive().max(1).default(0.01),
});

/**
 * Gradient adversarial training (GREAT): a small network D reads the class from the gradient of the loss with respect to the
 * image, and the network is trained so that D can't,
 *
 *     min_θ J(x) − λ·J_D(∇ₓJ),   min_D J_D(∇ₓJ),   λ = 0.1 (‡)
 *
 * by gradient reversal (Ganin & Lempitsky, 2015): one step moves D down J_D, and θ up it. D has one hidden layer of 64 units (‡), and
 * is for training only. θ's part is a gradient of a gradient, which is wrong in tfjs: −λ·⟨u, ∇ₓJ⟩ with u = ∂J_D/∂(∇ₓJ) constant has
 * the same one, and is computed as a difference of two losses (see `gradientRegularisation`), in inference mode. GREACE,
 * which weighs the negative classes of the loss anew, is `gradientAdversarialCrossEntropy`.
 *
 * At λ = 1 a small CNN learned nothing here in three epochs on 5,000 images of MNIST (92 % errors); at 0.1 it had 8 %, and
 * another one, whose loss ran away, 88; at 0.03 both had 8 or 9.
 *
 * Source: Sinha, Chen, Badrinarayanan & Rabinovich, “Gradient adversarial training of neural networks”, arXiv:1806.08028. Published
 * for ResNet-18 on CIFAR-10 under iterated FGSM of 10 steps (○); its figures are not verified.
 *
 * Known break: none of its own, but defences by the shape of gradients fall to AutoAttack (✓): JARN from 15.5 to 0.3 %, Mustafa et
 * al. from 32.3 to 0.3. PGD on the margin, AutoAttack, Square.
 */
export const gradientAdversarial: Defense<GradientAdversarialOptions> = {
  id,
  label: 'Gradient adversarial training',
  source: 'Sinha et al., arXiv:1806.08028',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'lambda',
  ...optionsOf<GradientAdversarialOptions>(id, schema),
  gradients: ({ lambda }) => (lambda === 0 ? 1 : 4),
  objective({ options, spec, seed }) {
    const { lambda, units, reach } = options;
    if (lambda === 0) return undefined;
    const reader = gradientReader(spec, units, seed);
    return {
      identity: identityOf(id, options),
      auxiliary: reader.auxiliary,
      prepare(net, { images, labels }) {
        const gradient = ownGradient(net, images, labels);
        const u = imageGradient(gradient, (g) => net.crossEntropy(reader.logits(g), labels));
        const size = u.abs().max();
        const scale = size.add(size.equal(0).cast('float32'));
        return { gradient, direction: u.div(scale), scale: scale.mul(images.shape[0]) };
      },
      loss(net, { images, labels }, { gradient, direction, scale }) {
        const read = net.crossEntropy(reader.logits(gradient as tf.Tensor4D), labels);
        const slope = slopeAlong(frozenLoss(net, labels), images, direction as tf.Tensor4D, reach);
        const reversed = slope.mul(scale).mul(-lambda);
        return net.crossEntropy(net.logits(images), labels).add(read).add(reversed);
      },
    };
  },
  adaptive: [
    { attack: 'apgd-margin', why: 'it follows the margin, whose gradient was not trained to tell nothing' },
    { attack: 'auto-attack', why: 'the family of defences by gradients’ shape fell to it' },
    { attack: 'square', why: 'it needs no gradient' },
  ],
};
