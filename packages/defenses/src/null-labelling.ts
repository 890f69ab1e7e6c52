import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type Classifier, type Defense } from '@weightmap/core';
import { z } from 'zod';
import { abstainingByLast, withNull } from './_abstaining.js';
import { imageGradient } from './_gradients.js';
import { signOf } from './_norms.js';
import { identityOf, optionsOf, share, size } from './_options.js';
import { softCrossEntropy } from './_soft-labels.js';

const id = 'null-labelling';

/** Options of NULL labelling. */
export interface NullLabellingOptions {
  /** Largest L∞ size of the perturbations, in units of pixels of [0, 1]. */
  readonly epsilon: number;
  /** Weight λ of the perturbed images, where clean ones have 1. */
  readonly weight: number;
  /** Share of an answer's probability that its label spreads evenly over all answers, on perturbed images. */
  readonly smoothing: number;
}

const schema = z.strictObject({
  epsilon: size.default(0.4),
  weight: z.number().min(0).max(100).default(1),
  smoothing: share.default(0.1),
});

/** Images moved along the sign of the loss's gradient. */
const fgsm = (images: tf.Tensor4D, { bounds }: Classifier, gradient: tf.Tensor4D, size: tf.Tensor) =>
  images.add(signOf(gradient).mul(size)).clipByValue(...bounds) as tf.Tensor4D;

/**
 * NULL labelling: the network has a class more, NULL, whose probability is to rise with the size of a perturbation as the error of
 * an undefended network does,
 *
 *     (J(x) + λ·H(q, f(x + δ))) / (1 + λ),   q_NULL = p, q_c = (1 − p)·((1 − s)·[c = y] + s/K),   p = error of the other network at ‖δ‖
 *
 * An image whose answer is NULL is rejected. δ is FGSM's, of a size drawn from U(0, 0.4) for each batch (‡). p is the share of the
 * batch that an undefended network, trained before, misclassifies after FGSM of the same size on it: the function of the size that the
 * article fits beforehand, estimated on each batch. λ = 1 (†), s = 0.1 (‡). With λ = 0 there is no NULL class.
 *
 * Source: Hosseini, Chen, Kannan, Zhang & Poovendran, “Blocking transferability of adversarial examples in black-box learning
 * systems”, arXiv:1703.04318. Published (✓, abstract): rejects other networks' adversarial images, and keeps the accuracy on clean
 * ones.
 *
 * Known break: it claims nothing but black-box rejection. Carlini & Wagner, arXiv:1705.07263, break a network with a class for
 * adversarial images: aim at a real class, and count NULL as a defence.
 */
export const nullLabelling: Defense<NullLabellingOptions> = {
  id,
  label: 'NULL labelling',
  source: 'Hosseini et al., arXiv:1703.04318',
  kinds: ['objective', 'teacher', 'reject'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'weight',
  ...optionsOf<NullLabellingOptions>(id, schema),
  gradients: ({ weight }) => (weight === 0 ? 1 : 4),
  networkSpec: (spec, { weight }) => (weight === 0 ? spec : withNull(spec)),
  teachers: ({ weight }) => (weight === 0 ? [] : [{ id: 'undefended', seedName: 'undefended' }]),
  objective({ options, spec, teachers: [undefended] }) {
    const { epsilon, weight, smoothing } = options;
    if (weight === 0) return undefined;
    if (!undefended)
      throw new WeightmapError(`The defence ${id} has no undefended network.`, {
        expected: 'the trained network of `teachers`',
      });
    const answers = spec.classes.length;
    return {
      identity: identityOf(id, options),
      draws: { size: (_step, random) => epsilon * random.uniform() },
      prepare({ frozen, crossEntropy }, { images, labels }, { size }) {
        const movedFor = (network: Classifier) => {
          const gradient = imageGradient(images, (x) => crossEntropy(network.logits(x), labels));
          return fgsm(images, network, gradient, size);
        };
        const guesses = undefended.logits(movedFor(undefended)).argMax(1);
        const p = guesses.notEqual(labels.cast(guesses.dtype)).cast('float32').mean();
        const truth = tf.oneHot(labels, answers).cast<tf.Tensor2D>('float32');
        const answer = truth.mul(1 - smoothing).add(smoothing / answers);
        const abstained = tf.zeros<tf.Rank.R2>([labels.shape[0], 1]).add<tf.Tensor2D>(p);
        const soft = tf.concat2d([answer.mul<tf.Tensor2D>(tf.sub(1, p)), abstained], 1);
        return { moved: movedFor(frozen), soft };
      },
      loss(net, { images, labels }, { moved, soft }) {
        const clean = net.crossEntropy(net.logits(images), labels);
        const other = softCrossEntropy(net.logits(moved as tf.Tensor4D), soft as tf.Tensor2D);
        return clean.add(other.mul(weight)).div(1 + weight);
      },
    };
  },
  wrap: async (network, { options: { weight } }) =>
    weight === 0 ? { classifier: network } : abstainingByLast(network),
  adaptive: [
    { attack: 'apgd-margin', why: 'it aims at real classes: its margin counts NULL as a defence' },
    { attack: 'selective-pgd', why: 'it lowers the NULL class once the answer is wrong' },
    { attack: 'carlini-wagner', why: 'the attack that broke networks with a class for adversarial images' },
    { attack: 'substitute', why: 'images of other networks are the only ones that it claims to reject' },
  ],
};
