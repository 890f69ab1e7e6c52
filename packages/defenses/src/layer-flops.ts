import type { FlopRule } from '@weightmap/core';
import { denoisingFlops } from './denoising-autoencoder.js';
import { gaussianClassesFlops } from './gaussian-classes.js';
import { noiseLevelFlops } from './noise-level.js';
import { statisticalFilterFlops } from './statistical-filter.js';

/** Rules that count the operations of the layers that defences insert, by class name: for `flops` of `@weightmap/metrics`. */
export const defenseFlops: Readonly<Record<string, FlopRule>> = {
  DenoisingAutoencoder: denoisingFlops,
  GaussianClasses: gaussianClassesFlops,
  NoiseLevel: noiseLevelFlops,
  StatisticalFilter: statisticalFilterFlops,
};
