import type { AttackInfo, AttackKind, StrengthUnit } from '@weightmap/core';
import { normLabels } from '../src/strengths.js';

/** The norm of an attack as its page and the tables show it. */
export const normOf = ({ norm }: AttackInfo): string => (norm ? normLabels[norm] : '–');

export const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

/** The kinds of attacks, explained. */
export const kinds: Readonly<Record<AttackKind, string>> = {
  noise: 'noise: changes the image without using the classifier',
  fixed: 'fixed: searches the ball of radius ε for the worst image',
  minimal: 'minimal: searches for the nearest adversarial image; images farther than ε are discarded',
};

/** The strength units, explained. */
export const strengths: Readonly<Record<StrengthUnit, { symbol: string; meaning: string }>> = {
  epsilon: {
    symbol: 'ε',
    meaning: 'radius of the ball in the norm, for pixels within the bounds',
  },
  beta: { symbol: 'β', meaning: 'largest noise, in units of pixels' },
  sigma: { symbol: 'σ', meaning: 'standard deviation of the noise' },
  width: { symbol: 'width', meaning: 'width of the blur, in pixels' },
  share: { symbol: 'share', meaning: 'share of the pixels or values that are hit, 0 … 1' },
  reduction: { symbol: 'reduction', meaning: 'share that is removed, 0 … 1' },
  shift: { symbol: 'shift', meaning: 'brightness added, in units of pixels' },
  grain: { symbol: 'grain', meaning: 'one over the photons that make a pixel white' },
};

/** A row of a Markdown table. */
export const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('\n', ' ').replaceAll('|', '\\|')).join(' | ')} |`;

export const heading = (...cells: readonly string[]): string =>
  `${row(...cells)}\n${row(...cells.map(() => '---'))}`;
