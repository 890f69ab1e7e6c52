import * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { identityOf, optionsOf } from './_options.js';
import { sigmoidCrossEntropy, transposed } from './_transposed.js';

const id = 'bidirectional-learning';

/** Options of bidirectional learning. */
export interface BidirectionalLearningOptions {
  /** Weight of the loss of the generated images. */
  readonly weight: number;
}

const schema = z.strictObject({ weight: z.number().min(0).max(1000).default(1) });

/**
 * Bidirectional learning (BL): the network also generates the image from its label, by the same weights transposed,
 *
 *     J(x) + w·H(x, sigmoid(G(y))),   G(y) = W₁ᵀ·relu(… relu(W_Lᵀ·onehot(y) + b_L) …) + b₁,   w = 1 (‡)
 *
 * H is the cross-entropy of the pixels, their mean; G has biases of its own, for training alone (✓, all of it). The authors take turns
 * with two steps of Adam, the generator's ten times as long, from 3e-3 to 1e-4 (✓); here one step takes the sum. The way back through
 * max pooling repeats values; batch normalisation is left out of it (‡). The layers must be a chain of convolutions, weight maps,
 * dense layers, pooling and ReLU.
 *
 * Source: Pontes-Filho & Liwicki, “Bidirectional learning for robust neural networks”, arXiv:1805.08006; code sidneyp/bidirectional.
 * Published (✓, result tables): for a CNN on MNIST no gain, clean 98.0 %, FGSM 0.3 6.8.
 *
 * Known break: only FGSM was tested; masking is likely: PGD on the margin, other networks' images, Square.
 */
export const bidirectionalLearning: Defense<BidirectionalLearningOptions> = {
  id,
  label: 'Bidirectional learning',
  source: 'Pontes-Filho & Liwicki, arXiv:1805.08006',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'weight',
  ...optionsOf<BidirectionalLearningOptions>(id, schema),
  gradients: ({ weight }) => (weight === 0 ? 1 : 2),
  objective({ options, model, spec }) {
    const { weight } = options;
    if (weight === 0) return undefined;
    const back = transposed(model);
    return {
      identity: identityOf(id, options),
      auxiliary: back.biases,
      loss(net, { images, labels }) {
        const codes = tf.oneHot(labels, spec.classes.length).cast<tf.Tensor2D>('float32');
        const made = back.images(codes, (values) => values.relu());
        const plain = net.crossEntropy(net.logits(images), labels);
        return plain.add(sigmoidCrossEntropy(made, images).mul(weight));
      },
    };
  },
  adaptive: [
    { attack: 'apgd-margin', why: 'the margin has a slope where the cross-entropy is masked' },
    { attack: 'substitute', why: 'images of other networks don’t depend on its gradient' },
    { attack: 'square', why: 'it needs no gradient' },
  ],
};
