/**
 * A number as the nearest 16-bit float, ties to even, as its bits.
 *
 * @throws RangeError for NaN, and for what rounds to more than 65504, the largest 16-bit float.
 */
export function float16Bits(value) {
  const size = Math.abs(value);
  if (!(size < 65520)) throw new RangeError(`${value} has no 16-bit float`);
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
  // Below 2 ** -14 the steps stay those of the smallest exponent.
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size));
  const step = 2 ** (exponent - 10);
  // A step is a power of 2: the division is exact, and half a step is exactly .5.
  const steps = size / step;
  const below = Math.floor(steps);
  const rest = steps - below;
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  // 1024 steps belong to an exponent; one more carries into the exponent's bits.
  return sign | (exponent === -14 ? rounded : (exponent + 14) * 1024 + rounded);
}
