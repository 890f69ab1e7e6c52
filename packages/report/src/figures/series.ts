import type { VariantSummary } from '../model/summary.js';
import type { Series } from '../plot/line-panel.js';

/** The number of trials: `n = 3`, or `n = 1 … 3`. */
export const trialsNote = (variants: readonly VariantSummary[]): string =>
  countsNote(variants.map(({ testError }) => testError.n));

export function countsNote(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (least < most) return `n = ${least} … ${most}`;
  return `n = ${most}`;
}

type Named = Pick<VariantSummary, 'name'>;

const symbols = ['circle', 'square', 'triangle', 'diamond2', 'star', 'cross'];

/** Variants of one kind share a colour: the first is a circle, the second a square, and so on. */
export const symbolOf = (variants: readonly Named[], { name }: Named, i: number): string =>
  symbols[variants.slice(0, i).filter((before) => before.name.kind === name.kind).length % symbols.length];

/** The looks of a variant's line; the caller gives its points. */
export const seriesOf =
  (draw: (variant: VariantSummary) => Pick<Series, 'points' | 'marked'>) =>
  (variant: VariantSummary, i: number, all: readonly VariantSummary[]): Series => ({
    name: variant.name,
    symbol: symbolOf(all, variant, i),
    ...draw(variant),
  });
