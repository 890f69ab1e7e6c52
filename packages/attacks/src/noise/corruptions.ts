import type { AttackId } from '../registry.js';

/** The strengths of a corruption at severities 1 to 5. */
export type Severities = readonly [number, number, number, number, number];

/** The severities of a benchmark, by the attack of this package that makes the corruption. */
export type CorruptionTable = Readonly<Partial<Record<AttackId, Severities>>>;

/**
 * The severities of published corruption benchmarks, for the attacks of this package that make the same corruption, in their
 * strength units: σ in units of pixels within [0, 1], the share of values that are hit, one over the photons of white, the
 * width of the blur in pixels, the brightness added, the share of contrast or resolution removed.
 *
 * The dataset MNIST-C has one severity of each corruption; these are all five that its code defines. Left out are corruptions
 * that need their own pictures (frost) or other libraries (JPEG) or have two parameters (glass, defocus, motion and zoom
 * blur, fog, snow, spatter, elastic), the drawn or moved shapes of MNIST-C (lines, stripe, shear, rotation …), and
 * MNIST-C's Gaussian blur, whose code blurs gray images along one axis only.
 *
 * Sources: Mu & Gilmer, “MNIST-C”, arXiv:1906.02337; Hendrycks & Dietterich, arXiv:1903.12261 (CIFAR-10-C); numbers from the
 * authors' code.
 */
export const corruptions = {
  'mnist-c': {
    'gaussian-noise': [0.08, 0.12, 0.18, 0.26, 0.38],
    'shot-noise': [1 / 60, 1 / 25, 1 / 12, 1 / 5, 1 / 3],
    'impulse-noise': [0.03, 0.06, 0.09, 0.17, 0.27],
    'speckle-noise': [0.15, 0.2, 0.35, 0.45, 0.6],
    contrast: [0.6, 0.7, 0.8, 0.9, 0.95],
    brightness: [0.1, 0.2, 0.3, 0.4, 0.5],
    pixelate: [0.4, 0.5, 0.6, 0.7, 0.75],
  },
  'cifar10-c': {
    'gaussian-noise': [0.04, 0.06, 0.08, 0.09, 0.1],
    'shot-noise': [1 / 500, 1 / 250, 1 / 100, 1 / 75, 1 / 50],
    'impulse-noise': [0.01, 0.02, 0.03, 0.05, 0.07],
    'speckle-noise': [0.06, 0.1, 0.12, 0.16, 0.2],
    'gaussian-blur': [0.4, 0.6, 0.7, 0.8, 1],
    contrast: [0.25, 0.5, 0.6, 0.7, 0.85],
    brightness: [0.05, 0.1, 0.15, 0.2, 0.3],
    pixelate: [0.05, 0.1, 0.15, 0.25, 0.35],
  },
} as const satisfies Record<string, CorruptionTable>;

/** The id of a corruption benchmark: a key of `corruptions`. */
export type CorruptionBenchmark = keyof typeof corruptions;
