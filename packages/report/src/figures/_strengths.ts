/** The customary bound on 8-bit images, for comparison with other work. */
const LANDMARK = 8 / 255;

/** The mark of 8/255 on an axis of ε; nothing where it isn't among the strengths, in ascending order. */
export const landmarkIn = (xs: readonly number[]): { landmark: { x: number; label: string } } | null =>
  xs[0] < LANDMARK && xs.at(-1)! > LANDMARK ? { landmark: { x: LANDMARK, label: 'ε = 8/255' } } : null;

/** At most seven ticks that don't crowd: those at least an eighth of the axis apart. */
export function ticksOf(xs: readonly number[]): number[] {
  const range = xs.at(-1)! - xs[0];
  return xs.reduce<number[]>(
    (kept, x) => (kept.length === 0 || x - kept.at(-1)! >= range / 8 ? [...kept, x] : kept),
    [],
  );
}
