export type { BallNorm } from './_norms.js';
export * from './bidirectional-learning.js';
export * from './deep-cloak.js';
export * from './defensive-distillation.js';
export { DenoisingAutoencoder, type DenoisingAutoencoderConfig } from './denoising-autoencoder.js';
export * from './ensemble-training.js';
export * from './extended-distillation.js';
export * from './feature-squeezing.js';
export * from './fgsm-rs.js';
export * from './fgsm-training.js';
export * from './fortified-network.js';
export { GaussianClasses, type GaussianClassesConfig } from './gaussian-classes.js';
export * from './gmm-vae.js';
export {
  gradientAdversarialCrossEntropy,
  type GradientAdversarialCrossEntropyOptions,
} from './gradient-adversarial-cross-entropy.js';
export * from './gradient-adversarial.js';
export * from './gradient-regularisation.js';
export * from './hybrid-adversarial.js';
export * from './hypernetwork.js';
export * from './layer-flops.js';
export * from './multi-condition.js';
export * from './noise-aware.js';
export { noiseLevel, NoiseLevel } from './noise-level.js';
export * from './noisy-training.js';
export * from './null-labelling.js';
export * from './pgd-training.js';
export * from './registry.js';
export * from './robust-optimisation.js';
export * from './squeezers.js';
export { StatisticalFilter, type StatisticalFilterConfig } from './statistical-filter.js';
export * from './stochastic-operators.js';
export * from './thresholds.js';
export { trades, type TradesOptions } from './trades.js';
