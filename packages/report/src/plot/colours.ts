import type { LayerKind } from '@weightmap/core';

/**
 * One colour a layer kind (Okabe–Ito, safe for colour-blind readers). The page sets the variables, also for the
 * dark; the fallback is what a picture of its own gets.
 */
export const kindColours: Readonly<Record<LayerKind, string>> = {
  conv: 'var(--conv, #000000)',
  smoothing: 'var(--smoothing, #0072B2)',
  unsharp: 'var(--unsharp, #D55E00)',
};

/** What goes against expectation. */
export const mark = 'var(--mark, #8f3a72)';
export const ink = 'var(--ink, #1a1a1a)';
export const ground = 'var(--ground, #ffffff)';
export const quiet = 'var(--quiet, #595959)';
export const hairline = 'var(--hairline, #d9d9d9)';
export const paperMark = 'var(--paper-mark, #8a8a8a)';

/** Dashes of an alternating variant. */
export const dashes = '6 4';

/** Of a line that may not be believed. */
export const dots = '2 4';
