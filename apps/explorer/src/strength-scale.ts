import type { AttackInfo, ShownBenchmark, StrengthUnit } from '@weightmap/core';

/** The label, unit and range of the slider for an attack's strength. */
export interface StrengthScale {
  readonly symbol: string;
  /** The meaning of the number. */
  readonly unit: string;
  readonly largest: number;
}

/** The slider of an attack, for the images of a benchmark: Euclidean radii grow with the root of the number of values. */
export function strengthScale(
  { strengthUnit, norm }: AttackInfo,
  { height, width, channels }: Pick<ShownBenchmark, 'height' | 'width' | 'channels'>,
): StrengthScale {
  // Photographs are fooled by smaller changes than drawings, which are square and gray.
  const isDrawing = height === width && channels === 1;
  const l2 = {
    symbol: 'ε',
    unit: 'Euclidean length of the change',
    largest: round((isDrawing ? 0.15 : 0.05) * Math.sqrt(height * width * channels)),
  };
  const linf = {
    symbol: 'ε',
    unit: 'largest change of a pixel, for pixels in [0, 1]',
    largest: isDrawing ? 0.4 : 0.1,
  };
  const scales: Record<StrengthUnit, StrengthScale> = {
    epsilon: norm === 'l2' ? l2 : linf,
    beta: { symbol: 'β', unit: 'largest noise added to a pixel, for pixels in [0, 1]', largest: 1 },
    sigma: { symbol: 'σ', unit: 'standard deviation of the noise, for pixels in [0, 1]', largest: 0.6 },
    width: { symbol: 'σ', unit: 'width of the blur, in pixels', largest: 4 },
    share: { symbol: 'share', unit: 'share of the pixels hit', largest: 0.5 },
    reduction: { symbol: 'share', unit: 'share of the contrast removed', largest: 1 },
    shift: { symbol: 'c', unit: 'brightness added, for pixels in [0, 1]', largest: 0.5 },
    grain: { symbol: 's', unit: 'one over the photons that make a pixel white', largest: 0.4 },
  };
  return scales[strengthUnit];
}

const round = (value: number): number => Number(value.toPrecision(2));

/** The strength as text, such as `ε = 0.100`. */
export const formatStrength = ({ symbol, largest }: StrengthScale, strength: number): string =>
  `${symbol} = ${strength.toFixed(largest < 1 ? 3 : 2)}`;
