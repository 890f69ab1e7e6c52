import * as tf from '@tensorflow/tfjs';
import type { Defense, Draw } from '@weightmap/core';
import { WeightmapError } from '@weightmap/core';
import { z } from 'zod';
import { imageGradient } from './_gradients.js';
import { confined, signOf } from './_norms.js';
import { identityOf, optionsOf, size } from './_options.js';

const id = 'ensemble-training';

/** Options of ensemble adversarial training. */
export interface EnsembleTrainingOptions {
  /** L∞ radius of the adversarial images, in units of pixels of [0, 1]. */
  readonly epsilon: number;
  /** Networks trained before, whose adversarial images are trained on, too; 0 for those of the network itself alone. */
  readonly networks: number;
  /** Length of a random step before the gradient step (R+FGSM), in units of pixels; 0 for FGSM. At most ε. */
  readonly randomStep: number;
}

const schema = z
  .strictObject({
    epsilon: size.default(0.3),
    networks: z.number().int().min(0).max(10).default(3),
    randomStep: size.default(0),
  })
  .refine(
    ({ epsilon, randomStep }) => epsilon === 0 || randomStep <= epsilon,
    'randomStep is at most epsilon',
  );

/** Which network a batch's images are made for: its number is the length, so that each has a step of its own. */
const source =
  (networks: number): Draw =>
  (_step, random) =>
    tf.ones([1 + random.integer(networks + 1)]);

const signs: Draw = ({ shape }, random) =>
  tf.tensor4d(random.normals(shape.reduce((product, length) => product * length, 1)).map(Math.sign), [
    ...shape,
  ]);

/**
 * Ensemble adversarial training: half of the loss is that of adversarial images, which are made for a network drawn for each batch,
 * the trained one or one of several trained before,
 *
 *     ½ J(x) + ½ J(x′),   x′ = x + ε · sign ∇ₓJ_k(x),   ε = 0.3
 *
 * With `randomStep` α, x′ is R+FGSM: x + α · sign N(0, 1), then a step of ε − α along the gradient there (article: α = 0.05).
 * With `networks: 0` it is adversarial training by R+FGSM. The networks before have the same architecture here; the article has
 * four different ones.
 *
 * Source: Tramèr, Kurakin, Papernot, Goodfellow, Boneh & McDaniel, “Ensemble adversarial training: attacks and defenses”,
 * arXiv:1705.07204; code ftramer/ensemble-adv-training. Published (✓): trained on R+FGSM alone, above 90 % on it and 18.0 under
 * PGD-20; Inception-ResNet v2 on ImageNet, error under other networks' images from 34.5 to 27.0.
 *
 * Known break: the authors say that it does not withstand iterated attacks with its gradient: PGD.
 */
export const ensembleTraining: Defense<EnsembleTrainingOptions> = {
  id,
  label: 'Ensemble adversarial training',
  source: 'Tramèr et al., arXiv:1705.07204',
  kinds: ['objective', 'teacher'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'epsilon',
  ...optionsOf<EnsembleTrainingOptions>(id, schema),
  gradients: ({ epsilon }) => (epsilon === 0 ? 1 : 3),
  teachers: ({ networks }) =>
    Array.from({ length: networks }, (_, i) => ({ id: `static-${i + 1}`, seedName: `static-${i + 1}` })),
  objective({ options, teachers }) {
    const { epsilon, networks, randomStep } = options;
    if (epsilon === 0) return undefined; // both terms are the plain loss
    if (teachers.length !== networks)
      throw new WeightmapError(`The defence ${id} has ${teachers.length} networks to make images for.`, {
        expected: `the ${networks} trained networks of \`teachers\``,
      });
    return {
      identity: identityOf(id, options),
      draws: { source: source(networks), ...(randomStep > 0 && { signs }) },
      prepare(net, { images, labels }, { source, signs }) {
        const { bounds } = net.frozen;
        const made = [net.frozen, ...teachers][source.size - 1];
        const start = signs
          ? (images.add<tf.Tensor4D>(signs.mul(randomStep)).clipByValue(...bounds) as tf.Tensor4D)
          : images;
        const gradient = imageGradient(start, (x) => net.crossEntropy(made.logits(x), labels));
        const moved = start.add<tf.Tensor4D>(signOf(gradient).mul(epsilon - randomStep));
        return { moved: confined(moved, images, tf.scalar(epsilon), bounds) };
      },
      loss(net, { images, labels }, { moved }) {
        const clean = net.crossEntropy(net.logits(images), labels);
        return clean.mul(0.5).add(net.crossEntropy(net.logits(moved as tf.Tensor4D), labels).mul(0.5));
      },
    };
  },
  adaptive: [
    { attack: 'pgd', why: 'the authors claim robustness to single steps and other networks’ images alone' },
    { attack: 'square', why: 'it needs no gradient that training could have masked' },
  ],
};
