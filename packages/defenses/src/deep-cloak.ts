import * as tf from '@tensorflow/tfjs';
import { batchesOf, firstOf, type Classifier, type Defense, type ImageSet } from '@weightmap/core';
import { z } from 'zod';
import { imageGradient } from './_gradients.js';
import { cutBeforeLast, type CutNetwork } from './_last-layer.js';
import { signOf } from './_norms.js';
import { optionsOf, share, size } from './_options.js';
import { softCrossEntropy } from './_soft-labels.js';

const id = 'deep-cloak';

/** Options of DeepCloak. */
export interface DeepCloakOptions {
  /** Share of the features that is set to 0, rounded up to whole features. */
  readonly share: number;
  /** Strength of the FGSM that the features are chosen by, in units of pixels of [0, 1]. */
  readonly epsilon: number;
  /** Training images that the features are chosen by, the first ones. */
  readonly images: number;
}

const schema = z.strictObject({
  share: share.default(0.01),
  epsilon: size.default(10 / 255),
  images: z.number().int().min(1).max(1e6).default(1000),
});

const BATCH = 100;

/**
 * DeepCloak: sets the features to 0 that adversarial images change most, before the last layer of a trained network,
 *
 *     h_i ← 0 for the share of the features with the largest Σ_x |h_i(x′) − h_i(x)|,   x′: FGSM with ε = 10/255
 *
 * No training. 1 % of the features (article: 1 to 30 %), chosen by 1,000 training images (‡).
 *
 * Source: Gao, Wang, Lin, Xu & Qi, “DeepCloak: masking deep neural network models for robustness against adversarial samples”,
 * arXiv:1702.06763; code QData/DeepCloak. Published (○): 1 % of the features, about 10 points more under attack for a ResNet on
 * CIFAR-10.
 *
 * Known break: the images were made for the network without the mask (✓). PGD on the masked one.
 */
export const deepCloak: Defense<DeepCloakOptions> = {
  id,
  label: 'DeepCloak',
  source: 'Gao et al., arXiv:1702.06763',
  kinds: ['post-hoc'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'share',
  ...optionsOf<DeepCloakOptions>(id, schema),
  gradients: () => 1,
  async wrap(network, { data, model, options }) {
    const cut = cutBeforeLast(model);
    const count = Math.ceil(options.share * cut.width);
    const mask = maskOf(changes(network, cut, firstOf(data.train, options.images), options.epsilon), count);
    const logits = (images: tf.Tensor4D) =>
      tf.tidy(() => cut.answer(cut.features(images).mul(tf.tensor1d(mask))));
    return { classifier: { ...network, logits }, unaware: network };
  },
  adaptive: [
    { attack: 'pgd', why: 'it follows the masked network, where the article follows the one before' },
    { attack: 'apgd-margin', why: 'it follows the logits, whose scale the mask changes' },
  ],
};

/** Σ_x |h(x′) − h(x)| of each feature. */
function changes(network: Classifier, cut: CutNetwork, set: ImageSet, epsilon: number): Float64Array {
  const sums = new Float64Array(cut.width);
  for (const { images, labels } of batchesOf(set, BATCH, network)) {
    const change = tf.tidy(() => {
      const truth = tf.oneHot(labels, network.classes).cast<tf.Tensor2D>('float32');
      const gradient = imageGradient(images, (x) => softCrossEntropy(network.logits(x), truth));
      const moved = images.add(signOf(gradient).mul(epsilon)).clipByValue(...network.bounds) as tf.Tensor4D;
      return cut.features(moved).sub(cut.features(images)).abs().sum(0).dataSync();
    });
    change.forEach((value, i) => (sums[i] += value));
  }
  return sums;
}

/** 0 for the largest values, the first among equals, and 1 for the others. */
function maskOf(values: Float64Array, count: number): Float32Array {
  const mask = new Float32Array(values.length).fill(1);
  const order = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b);
  for (const i of order.slice(0, count)) mask[i] = 0;
  return mask;
}
