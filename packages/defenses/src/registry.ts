import type { Defense } from '@weightmap/core';
import { bidirectionalLearning } from './bidirectional-learning.js';
import { deepCloak } from './deep-cloak.js';
import { defensiveDistillation } from './defensive-distillation.js';
import { ensembleTraining } from './ensemble-training.js';
import { extendedDistillation } from './extended-distillation.js';
import { featureSqueezing } from './feature-squeezing.js';
import { fgsmRs } from './fgsm-rs.js';
import { fgsmTraining } from './fgsm-training.js';
import { fortifiedNetwork } from './fortified-network.js';
import { gradientAdversarialCrossEntropy } from './gradient-adversarial-cross-entropy.js';
import { gradientAdversarial } from './gradient-adversarial.js';
import { gradientRegularisation } from './gradient-regularisation.js';
import { gmmVae } from './gmm-vae.js';
import { hybridAdversarial } from './hybrid-adversarial.js';
import { hypernetwork } from './hypernetwork.js';
import { multiCondition } from './multi-condition.js';
import { noiseAware } from './noise-aware.js';
import { nullLabelling } from './null-labelling.js';
import { noisyTraining } from './noisy-training.js';
import { pgdTraining } from './pgd-training.js';
import { robustOptimisation } from './robust-optimisation.js';
import { stochasticOperators } from './stochastic-operators.js';
import { trades } from './trades.js';

/** Every defence, by its id. The contract test covers every row. */
export const defenses = {
  /** Trains on clean images and FGSM's, half each. */
  'fgsm-training': fgsmTraining,
  /** Trains on the images of projected gradient ascent alone. */
  'pgd-training': pgdTraining,
  /** Trains on the images of one gradient step from a random start. */
  'fgsm-rs': fgsmRs,
  /** Trains on clean images, and on how far answers move within the ball. */
  trades,
  /** Trains on clean images and the size of the loss's gradient. */
  'gradient-regularisation': gradientRegularisation,
  /** Trains on the worst images of the linearised loss in a ball. */
  'robust-optimisation': robustOptimisation,
  /** Trains on images with Gaussian noise. */
  'noisy-training': noisyTraining,
  /** Trains on images with Gaussian noise, and classifies by means and variances. */
  'stochastic-operators': stochasticOperators,
  /** Trains on images with uniform noise of many levels. */
  'multi-condition': multiCondition,
  /** The same with an estimate of the noise as an input channel more. */
  'noise-aware': noiseAware,
  /** Trains on a teacher's probabilities at a high temperature. */
  'defensive-distillation': defensiveDistillation,
  /** Trains on clean images and FGSM's images for several networks. */
  'ensemble-training': ensembleTraining,
  /** Rejects images whose answer changes where detail is taken away. */
  'feature-squeezing': featureSqueezing,
  /** Zeroes the features that adversarial images change most. */
  'deep-cloak': deepCloak,
  /** Trains so that the loss's gradient doesn't tell the class. */
  'gradient-adversarial': gradientAdversarial,
  /** Trains with more weight on classes that the loss's gradient is like. */
  'gradient-adversarial-cross-entropy': gradientAdversarialCrossEntropy,
  /** Trains a class more, for perturbed images. */
  'null-labelling': nullLabelling,
  /** Trains a class more, for images that other networks disagree about. */
  'extended-distillation': extendedDistillation,
  /** Scales the channels of each layer by statistics of the image. */
  hypernetwork,
  /** Trains on clean images and FGSM's, with a denoising autoencoder before the last layer. */
  'fortified-network': fortifiedNetwork,
  /** Trains the network to generate images from labels, too, by the same weights. */
  'bidirectional-learning': bidirectionalLearning,
  /** Trains the network to generate images that a discriminator takes for real, by the same weights. */
  'hybrid-adversarial': hybridAdversarial,
  /** Classifies by the nearest of Gaussian codes, and rejects what is far from them or not like its reconstruction. */
  'gmm-vae': gmmVae,
} as const satisfies Record<string, Defense>;

/** The id of a defence of this package, such as `pgd-training`. */
export type DefenseId = keyof typeof defenses;

/** A defence with its checked options: what a run needs. */
export interface ChosenDefense {
  /** The row of the registry. */
  readonly defense: Defense;
  /** Checked, with the defaults filled in: plain JSON. */
  readonly options: object;
}

/**
 * Takes a defence by its id, and checks its options.
 *
 * @param given options that differ from the defaults: plain JSON.
 * @throws WeightmapError if an option is unknown or wrong.
 */
export function createDefense(id: DefenseId, given: object = {}): ChosenDefense {
  const defense: Defense = defenses[id];
  return { defense, options: defense.parse(given) };
}
