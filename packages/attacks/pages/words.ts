import type { AttackInfo, AttackKind, StrengthUnit } from '@weightmap/core';
import { normLabels } from '../src/strengths.js';

/** What the values of an attack's metadata mean, for its page and the tables. */
export const normOf = ({ norm }: AttackInfo): string => (norm ? normLabels[norm] : '–');

export const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

export const kinds: Readonly<Record<AttackKind, string>> = {
  noise: 'noise: changes at random, or as a lens would, whatever the classifier is',
  fixed: 'fixed: looks within the ball of radius ε for the worst image',
  minimal: 'minimal: looks for the nearest image that fools; ε cuts off what is farther',
};

export const strengths: Readonly<Record<StrengthUnit, { symbol: string; meaning: string }>> = {
  epsilon: {
    symbol: 'ε',
    meaning: 'radius of the ball, in the units of the norm, pixels being what the bounds say',
  },
  beta: { symbol: 'β', meaning: 'largest noise, in units of pixels' },
  sigma: { symbol: 'σ', meaning: 'standard deviation of the noise' },
  width: { symbol: 'width', meaning: 'width of the blur, in pixels' },
  share: { symbol: 'share', meaning: 'share of the pixels or values that are hit, 0 … 1' },
  reduction: { symbol: 'reduction', meaning: 'share that is taken away, 0 … 1' },
  shift: { symbol: 'shift', meaning: 'brightness added, in units of pixels' },
  grain: { symbol: 'grain', meaning: 'one over the photons that make a pixel white' },
};

/** A row of a Markdown table. */
export const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('\n', ' ').replaceAll('|', '\\|')).join(' | ')} |`;

export const heading = (...cells: readonly string[]): string =>
  `${row(...cells)}\n${row(...cells.map(() => '---'))}`;
