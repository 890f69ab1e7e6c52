import * as tf from '@tensorflow/tfjs';
import type { Classifier, Defense } from '@weightmap/core';
import { WeightmapError, withStandIn } from '@weightmap/core';
import { z } from 'zod';
import { optionsOf } from './_options.js';
import { rejecting, thresholdAt } from './_rejecting.js';
import { meansOfAlike, medianOfFour, reduceDepth } from './squeezers.js';

const id = 'feature-squeezing';

/** Options of feature squeezing. */
export interface FeatureSqueezingOptions {
  /** Bits of a pixel after the first squeezer; 0 for none. */
  readonly bits: number;
  /** Whether the second squeezer, a median of 2 × 2 pixels, is used. */
  readonly median: boolean;
  /** Whether a third squeezer, non-local means of 13 × 13 pixels, is used. Default: no. */
  readonly nonLocalMeans?: boolean;
  /** Share of clean validation images that are rejected. */
  readonly falsePositives: number;
}

const schema = z
  .strictObject({
    bits: z.number().int().min(0).max(8).default(1),
    median: z.boolean().default(true),
    nonLocalMeans: z.boolean().optional(),
    falsePositives: z.number().min(0).max(0.5).default(0.05),
  })
  .refine(
    ({ bits, median, nonLocalMeans }) => bits > 0 || median || nonLocalMeans,
    'one squeezer or more: bits, median or nonLocalMeans',
  );

/**
 * Feature squeezing: an image is rejected if the network's probabilities change where unneeded detail is taken away,
 *
 *     max_s ‖p(x) − p(s(x))‖₁ > t,   s: rounding to 1 bit, a median of 2 × 2 pixels
 *
 * t rejects 5 % of the clean validation images. No training. For attacks the rejection is a class more (see
 * `Classifier.answers`), and rounding passes its gradient straight through; the others have one. The gradient of the largest change is
 * that of max_s d_s + Σ_s max(0, d_s − t): the summed hinge of the break below reaches every squeezer that still detects the image,
 * where the largest change alone reaches one. For CIFAR-10 the article uses 5 bits, the median and non-local means of a window of 13,
 * patches of 3 and strength 2 (○): `bits: 5, nonLocalMeans: true`.
 *
 * No strength switches it off: a threshold that rejects no image leaves the network's own answers.
 *
 * Source: Xu, Evans & Qi, “Feature squeezing: detecting adversarial examples in deep neural networks”, arXiv:1704.01155; code
 * mzweilin/EvadeML-Zoo. Published (○): MNIST t = 0.0029, 98 % of successful static adversarial images detected; CIFAR-10 85 %.
 *
 * Known break: He, Wei, Chen, Carlini & Song, arXiv:1706.04701 (✓), minimise c · (margin + Σ max(0, d_s − t)) + L2; EAD. Attacks that
 * know the detector.
 */
export const featureSqueezing: Defense<FeatureSqueezingOptions> = {
  id,
  label: 'Feature squeezing',
  source: 'Xu et al., arXiv:1704.01155',
  kinds: ['input', 'reject'],
  optimisesAtTest: false,
  isRandom: false,
  strength: null,
  ...optionsOf<FeatureSqueezingOptions>(id, schema),
  gradients: () => 1,
  async wrap(network, { data, options: { bits, median, nonLocalMeans, falsePositives } }) {
    if (network.bounds[0] !== 0 || network.bounds[1] !== 1)
      throw new WeightmapError('Feature squeezing rounds pixels in [0, 1].', {
        where: `a network for pixels in [${network.bounds.join(', ')}]`,
      });
    const squeezers = [
      ...(bits > 0 ? [(x: tf.Tensor4D) => reduceDepth(x, bits)] : []),
      ...(median ? [medianOfFour] : []),
      ...(nonLocalMeans ? [meansOfAlike] : []),
    ];
    const changes = (images: tf.Tensor4D) => changesOfAnswers(network, images, squeezers);
    const threshold = thresholdAt(
      (images) => changes(images).max(1),
      data.validation,
      network,
      falsePositives,
    );
    const largest = largestWithHinges(threshold);
    const rejection = {
      suspicion: (images: tf.Tensor4D) => tf.tidy(() => largest(changes(images))),
      threshold,
    };
    return { classifier: rejecting(network, rejection), unaware: network, rejection };
  },
  adaptive: [
    { attack: 'selective-pgd', why: 'it lowers the change of the answers once the class is wrong' },
    { attack: 'orthogonal-pgd', why: 'as selective PGD, each step leaving the other aim as it is' },
    {
      attack: 'apgd-margin',
      why: 'its margin counts the rejection as a defence, and so follows the detector',
    },
  ],
};

/** ‖p(x) − p(s(x))‖₁ of each image and squeezer: [batch, squeezers]. */
function changesOfAnswers(
  network: Classifier,
  images: tf.Tensor4D,
  squeezers: readonly ((x: tf.Tensor4D) => tf.Tensor4D)[],
): tf.Tensor2D {
  return tf.tidy(() => {
    const p = network.logits(images).softmax();
    const changes = squeezers.map((squeeze) =>
      network.logits(squeeze(images)).softmax().sub(p).abs().sum<tf.Tensor1D>(1),
    );
    return tf.stack(changes, 1) as tf.Tensor2D;
  });
}

/** The largest change, with the gradient of max_s d_s + Σ_s max(0, d_s − t). */
const largestWithHinges = (threshold: number) =>
  withStandIn<tf.Tensor2D, tf.Tensor1D>(
    (changes) => changes.max(1),
    (changes) => changes.max(1).add(changes.sub(threshold).relu().sum(1)),
  );
