/** An axis of errors spans at least this many points, so that small differences look small. */
const LEAST_SPAN = 10;

/**
 * The range of an axis of errors, in percent: the values and a little air, from and to multiples of five.
 *
 * It begins at 0 unless all values are far above it, so that heights can be compared.
 *
 * @param values errors and the ends of their intervals, 0 … 100; others are left out.
 */
export function errorAxis(values: readonly number[]): [number, number] {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return [0, 100];
  const [least, most] = [Math.max(0, Math.min(...known)), Math.min(100, Math.max(...known))];
  const air = 0.05 * (most - least);
  const from = least < 2 * (most - least) ? 0 : Math.max(0, 5 * Math.floor((least - air) / 5));
  const to = Math.min(100, 5 * Math.ceil((most + air) / 5));
  return to - from >= LEAST_SPAN
    ? [from, to]
    : [Math.min(from, 100 - LEAST_SPAN), Math.min(100, Math.max(to, from + LEAST_SPAN))];
}
