import type { AttackInfo, NormName } from '@weightmap/core';
import { corruptions } from './noise/corruptions.js';

/** The images that will be attacked. */
export interface AttackedImages {
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number];
  /** Smallest and largest valid pixel; [0, 1] unless given. */
  readonly bounds?: readonly [low: number, high: number];
  /**
   * Drawings, such as digits, or photographs, for which much smaller changes fool a network. By default square images with
   * one channel count as drawings, all others as photographs.
   */
  readonly content?: 'drawings' | 'photographs';
}

/** The usual radii for images of one size, with pixels in [0, 1]. */
interface Convention {
  readonly values: number;
  readonly pixels: number;
  readonly radii: Readonly<Record<NormName, readonly number[]>>;
  /** Strengths of noise that is not a corruption of a benchmark. */
  readonly betas: readonly number[];
  readonly benchmark: keyof typeof corruptions;
}

const conventions: Readonly<Record<NonNullable<AttackedImages['content']>, Convention>> = {
  // 28 × 28 × 1
  drawings: {
    values: 784,
    pixels: 784,
    radii: { linf: [0.05, 0.1, 0.2, 0.3], l2: [0.5, 1, 1.5, 2], l1: [5, 10, 20, 40], l0: [5, 10, 15, 30] },
    betas: [0.2, 0.4, 0.6, 0.8, 1],
    benchmark: 'mnist-c',
  },
  // 32 × 32 × 3
  photographs: {
    values: 3072,
    pixels: 1024,
    radii: {
      linf: [2 / 255, 4 / 255, 8 / 255],
      l2: [0.25, 0.5, 1],
      l1: [6, 12, 24],
      l0: [6, 12, 24],
    },
    betas: [0.1, 0.2, 0.4, 0.6],
    benchmark: 'cifar10-c',
  },
};

/**
 * The default strengths of an attack for images of a given size, in ascending order and in the attack's strength unit.
 *
 * Radii for 28 × 28 × 1 pixels in [0, 1] (MNIST): L∞ 0.05 0.1 0.2 0.3; L2 0.5 1 1.5 2; L1 5 10 20 40; L0 5 10 15 30
 * pixels. For 32 × 32 × 3 (CIFAR-10): L∞ 2/255 4/255 8/255; L2 0.25 0.5 1; L1 6 12 24; L0 6 12 24 pixels. For images of
 * n times as many values, L∞ does not change, L2 is multiplied by √n, L1 by n^¾ and L0, for n times as many pixels, by √n;
 * the results are rounded to two digits, L0 to whole pixels. CIFAR-10's radii thus give about those used for ImageNet (L2 3,
 * L1 255). Noise has the severities of MNIST-C or CIFAR-10-C (`corruptions`); uniform noise has β up to 1.
 *
 * Strengths in units of pixels are multiplied by the width of the bounds: at [−1, 1], L∞ 8/255 becomes 16/255.
 *
 * Sources: Madry et al., arXiv:1706.06083 (MNIST L∞ 0.3, CIFAR-10 8/255); Tramèr & Boneh, arXiv:1904.13000, and Maini et
 * al., arXiv:1909.04068 (MNIST L2 2, L1 10); RobustBench, arXiv:2010.09670 (CIFAR-10 L∞ 8/255, L2 0.5; ImageNet 4/255);
 * Croce & Hein, arXiv:2103.01208 (CIFAR-10 L1 12, ImageNet 255); Croce & Hein, arXiv:1909.05040 (MNIST L0 15); Croce et al.,
 * arXiv:2006.12834 (CIFAR-10 L0 24).
 */
export function defaultStrengths(
  attack: Pick<AttackInfo, 'id' | 'norm' | 'strengthUnit'>,
  { inputShape, bounds: [low, high] = [0, 1], content }: AttackedImages,
): number[] {
  const [height, width, channels] = inputShape;
  const isDrawing = channels === 1 && height === width;
  const convention = conventions[content ?? (isDrawing ? 'drawings' : 'photographs')];
  if (attack.strengthUnit === 'epsilon') {
    const norm = attack.norm ?? 'linf';
    const size = height * width * channels;
    const factor = {
      linf: 1,
      l2: Math.sqrt(size / convention.values),
      l1: (size / convention.values) ** 0.75,
      l0: Math.sqrt((height * width) / convention.pixels),
    }[norm];
    const scaled = convention.radii[norm].map((radius) => {
      if (norm === 'l0') return Math.max(1, Math.round(radius * factor));
      return (high - low) * (factor === 1 ? radius : Number((radius * factor).toPrecision(2)));
    });
    // Small numbers of whole pixels may repeat.
    return [...new Set(scaled)];
  }
  const unit = isInPixels(attack) ? high - low : 1;
  return noiseStrengths(attack, convention).map((strength) => strength * unit);
}

/** The corruption whose severities are used for other noise with the same strength unit. */
const ALIKE = {
  sigma: 'gaussian-noise',
  width: 'gaussian-blur',
  share: 'impulse-noise',
  reduction: 'contrast',
  shift: 'brightness',
  grain: 'shot-noise',
} as const;

function noiseStrengths(
  { id, strengthUnit }: Pick<AttackInfo, 'id' | 'strengthUnit'>,
  { betas, benchmark }: Convention,
): readonly number[] {
  if (strengthUnit === 'beta' || strengthUnit === 'epsilon') return betas;
  const tables: readonly Readonly<Record<string, readonly number[]>>[] = [
    corruptions[benchmark],
    ...Object.values(corruptions),
  ];
  const of = (name: string) => tables.find((table) => name in table)?.[name];
  return of(id) ?? of(ALIKE[strengthUnit])!;
}

/** Whether a strength is in units of pixels. That of speckle noise is a share of each pixel's value. */
const isInPixels = ({ id, strengthUnit }: Pick<AttackInfo, 'id' | 'strengthUnit'>): boolean =>
  ['beta', 'sigma', 'shift'].includes(strengthUnit) && id !== 'speckle-noise';

export { normLabels, strengthLabel } from '@weightmap/core';
