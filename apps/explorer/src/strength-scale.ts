import type { AttackInfo, StrengthUnit } from '@weightmap/core';

/** What a slider for an attack's strength says and how far it goes. */
export interface StrengthScale {
  readonly symbol: string;
  /** What the number is measured in. */
  readonly unit: string;
  readonly largest: number;
}

/** @param values numbers that an image consists of: a Euclidean ball needs a radius that grows with their root. */
export function strengthScale({ strengthUnit, norm }: AttackInfo, values: number): StrengthScale {
  const l2 = {
    symbol: 'ε',
    unit: 'Euclidean length of the change',
    largest: round(0.15 * Math.sqrt(values)),
  };
  const scales: Record<StrengthUnit, StrengthScale> = {
    epsilon: norm === 'l2' ? l2 : { symbol: 'ε', unit: 'largest change of a pixel, of 1', largest: 0.4 },
    beta: { symbol: 'β', unit: 'largest noise added to a pixel, of 1', largest: 1 },
    sigma: { symbol: 'σ', unit: 'standard deviation of the noise, of 1', largest: 0.6 },
    width: { symbol: 'σ', unit: 'width of the blur, in pixels', largest: 4 },
    share: { symbol: 'share', unit: 'of the pixels hit', largest: 0.5 },
    reduction: { symbol: 'share', unit: 'of the contrast taken away', largest: 1 },
    shift: { symbol: 'c', unit: 'brightness added, of 1', largest: 0.5 },
    grain: { symbol: 's', unit: 'one over the photons that make a pixel white', largest: 0.4 },
  };
  return scales[strengthUnit];
}

const round = (value: number): number => Number(value.toPrecision(2));
