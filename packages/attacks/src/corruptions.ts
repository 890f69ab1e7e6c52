import type { AttackId } from './registry.js';

/** Strengths of a corruption, from severity 1 to 5. */
export type Severities = readonly [number, number, number, number, number];

/**
 * The severities of the published benchmarks, for the attacks of this package that make the same corruption: σ of the
 * Gaussian noise in units of pixels within [0, 1], and the share of values that impulse noise hits.
 *
 * Sources: Mu & Gilmer, “MNIST-C”, arXiv:1906.02337; Hendrycks & Dietterich, arXiv:1903.12261 (CIFAR-10-C).
 */
export const corruptions = {
  'mnist-c': {
    'gaussian-noise': [0.08, 0.12, 0.18, 0.26, 0.38],
    'impulse-noise': [0.03, 0.06, 0.09, 0.17, 0.27],
  },
  'cifar10-c': {
    'gaussian-noise': [0.04, 0.06, 0.08, 0.09, 0.1],
    'impulse-noise': [0.01, 0.02, 0.03, 0.05, 0.07],
  },
} as const satisfies Record<string, Partial<Record<AttackId, Severities>>>;
