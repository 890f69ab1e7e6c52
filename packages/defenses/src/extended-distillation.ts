import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type Defense } from '@weightmap/core';
import { z } from 'zod';
import { abstainingByLast, withNull } from './_abstaining.js';
import { identityOf, optionsOf, share } from './_options.js';
import { softCrossEntropy } from './_soft-labels.js';

const id = 'extended-distillation';

/** Options of extended defensive distillation. */
export interface ExtendedDistillationOptions {
  /** Probability α of the class that abstains, where the networks before disagree most. */
  readonly alpha: number;
  /** Networks trained before, whose disagreement is the uncertainty. */
  readonly networks: number;
}

const schema = z.strictObject({
  alpha: share.default(0.9),
  networks: z.number().int().min(2).max(10).default(3),
});

/**
 * Extended defensive distillation: a network with a class more learns the true label as far as networks before it agree about an
 * image, and to abstain as far as they don't,
 *
 *     q_y = 1 − α·σ(x)/σ_max, q_NULL = α·σ(x)/σ_max,   σ = mean_m ‖p_m − p̄‖²,   α = 0.9 (○)
 *
 * at temperature 1 (○). The article takes the logits of 20 passes with dropout (○) and the largest σ of the training images. The
 * benchmark's networks have no dropout: 3 networks from other initial weights replace the passes (‡), since both are samples of
 * networks that the training images leave possible. Their probabilities replace the logits (‡), so that σ_max is known in a training
 * step: M samples can't be further apart than 1 − 1/M. With α = 0 there is no class more.
 *
 * Source: Papernot & McDaniel, “Extending defensive distillation”, arXiv:1705.05264. Its figures were not seen.
 *
 * Known break: none published. The margin of the real classes with the one more as a defence; other networks' images; Square.
 */
export const extendedDistillation: Defense<ExtendedDistillationOptions> = {
  id,
  label: 'Extended distillation',
  source: 'Papernot & McDaniel, arXiv:1705.05264',
  kinds: ['objective', 'teacher', 'reject'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'alpha',
  ...optionsOf<ExtendedDistillationOptions>(id, schema),
  gradients: () => 1,
  networkSpec: (spec, { alpha }) => (alpha === 0 ? spec : withNull(spec)),
  teachers: ({ alpha, networks }) =>
    Array.from({ length: alpha === 0 ? 0 : networks }, (_, i) => ({
      id: `sample-${i + 1}`,
      seedName: `sample-${i + 1}`,
    })),
  objective({ options, spec, teachers }) {
    const { alpha, networks } = options;
    if (alpha === 0) return undefined;
    if (teachers.length !== networks)
      throw new WeightmapError(`The defence ${id} has ${teachers.length} networks before it.`, {
        expected: `the ${networks} trained networks of \`teachers\``,
      });
    return {
      identity: identityOf(id, options),
      prepare(_net, { images, labels }) {
        const p = tf.stack(teachers.map((teacher) => teacher.logits(images).softmax()));
        const spread = p.sub(p.mean(0)).square().sum(2).mean(0);
        const abstained = spread.mul(alpha / (1 - 1 / networks)).expandDims<tf.Tensor2D>(1);
        const truth = tf.oneHot(labels, spec.classes.length).cast<tf.Tensor2D>('float32');
        return { soft: tf.concat2d([truth.mul<tf.Tensor2D>(tf.sub(1, abstained)), abstained], 1) };
      },
      loss: (net, { images }, { soft }) => softCrossEntropy(net.logits(images), soft as tf.Tensor2D),
    };
  },
  wrap: async (network, { options: { alpha } }) =>
    alpha === 0 ? { classifier: network } : abstainingByLast(network),
  adaptive: [
    { attack: 'apgd-margin', why: 'it aims at real classes: its margin counts abstaining as a defence' },
    { attack: 'selective-pgd', why: 'it lowers the class that abstains once the answer is wrong' },
    { attack: 'substitute', why: 'the article claims to reject images of other networks' },
    { attack: 'square', why: 'it needs no gradient' },
  ],
};
