import * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { gradientReader, ownGradient } from './_gradient-reader.js';
import { identityOf, optionsOf } from './_options.js';

const id = 'gradient-adversarial-cross-entropy';

/** Options of the gradient-adversarial cross-entropy. */
export interface GradientAdversarialCrossEntropyOptions {
  /** Weight β that a negative class gets in addition, where its gradients look like the image's. */
  readonly beta: number;
  /** Hidden units of the network that reads gradients. */
  readonly units: number;
}

const schema = z.strictObject({
  beta: z.number().min(0).max(1000).default(10),
  units: z.number().int().min(1).max(4096).default(64),
});

/**
 * Cross-entropy whose negative classes have weights: log(1 + Σ_{c ≠ y} (1 + β·p_c)·exp(z_c − z_y)), mean over the batch. With
 * β = 0 it is the cross-entropy.
 *
 * @param logits [batch, classes]
 * @param truth one-hot, [batch, classes].
 * @param likeness p, [batch, classes]: a constant, from 0.
 */
export const weightedCrossEntropy = (
  logits: tf.Tensor2D,
  truth: tf.Tensor2D,
  likeness: tf.Tensor2D,
  beta: number,
): tf.Scalar => {
  const weights = likeness.mul(beta).mul(tf.sub(1, truth)).add(1);
  const own = logits.mul(truth).sum(1);
  return logits.add(weights.log()).logSumExp(1).sub(own).mean<tf.Scalar>();
};

/**
 * Gradient-adversarial cross-entropy (GREACE): a small network D reads the class from the gradient of the loss with respect to the
 * image, and those classes that it takes the gradient for weigh more among the negative ones,
 *
 *     log(1 + Σ_{c ≠ y} (1 + β·p_c)·exp(z_c − z_y)),   p = softmax(D(∇ₓJ)) constant,   β = 10 (‡)
 *
 * so that the network moves images away from the classes that a gradient step leads to. D is trained along by its own
 * cross-entropy, and is for training only. The article adds β·p_c to the gradient that each negative logit gets (†); no bounded loss
 * has that gradient, so the weights are within the cross-entropy here (‡). The article combines it with GREAT,
 * `gradientAdversarial`, which is a row of its own here. D has one hidden layer of 64 units (‡).
 *
 * Source: Sinha, Chen, Badrinarayanan & Rabinovich, “Gradient adversarial training of neural networks”, arXiv:1806.08028. Published
 * for ResNet-18 on CIFAR-10 under iterated FGSM of 10 steps (○); its figures and the exact form are not verified.
 *
 * Known break: as `gradientAdversarial`; it changes no more than the sizes of margins. PGD on the margin, AutoAttack, Square.
 */
export const gradientAdversarialCrossEntropy: Defense<GradientAdversarialCrossEntropyOptions> = {
  id,
  label: 'GREACE',
  source: 'Sinha et al., arXiv:1806.08028',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'beta',
  ...optionsOf<GradientAdversarialCrossEntropyOptions>(id, schema),
  gradients: ({ beta }) => (beta === 0 ? 1 : 2),
  objective({ options, spec, seed }) {
    const { beta, units } = options;
    if (beta === 0) return undefined;
    const reader = gradientReader(spec, units, seed);
    return {
      identity: identityOf(id, options),
      auxiliary: reader.auxiliary,
      prepare(net, { images, labels }) {
        const gradient = ownGradient(net, images, labels);
        return { gradient, likeness: reader.logits(gradient).softmax() };
      },
      loss(net, { images, labels }, { gradient, likeness }) {
        const logits = net.logits(images);
        const truth = tf.oneHot(labels, logits.shape[1]).cast<tf.Tensor2D>('float32');
        const read = net.crossEntropy(reader.logits(gradient as tf.Tensor4D), labels);
        return weightedCrossEntropy(logits, truth, likeness as tf.Tensor2D, beta).add(read);
      },
    };
  },
  adaptive: [
    { attack: 'apgd-margin', why: 'it follows the margin, which the weights enlarge for some classes alone' },
    { attack: 'auto-attack', why: 'the family of defences by gradients’ shape fell to it' },
    { attack: 'square', why: 'it needs no gradient' },
  ],
};
