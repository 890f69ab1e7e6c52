import type { ImageSet, RandomStream } from '@weightmap/core';

/**
 * Pads every image with zeros on all sides, then crops a window of the original size at a random place: a shift by
 * −padding … padding in each direction, drawn for each image separately (paper, section 4.1: padding 2).
 *
 * @param set pixels [count, height, width, channels], bytes; not changed.
 * @param random gives two integers for each image, the row's offset before the column's.
 * @param padding in pixels, on each side.
 * @returns a set of the same shape with the same labels.
 */
export function padCrop(
  set: ImageSet,
  random: RandomStream,
  { padding = 2 }: { padding?: number } = {},
): ImageSet {
  const { height, width, channels } = set.spec;
  const row = width * channels;
  const size = height * row;
  const pixels = new Uint8Array(set.pixels.length);
  for (let image = 0; image < set.labels.length; image++) {
    const down = random.integer(2 * padding + 1) - padding;
    const right = random.integer(2 * padding + 1) - padding;
    // The whole image moves as one stretch of memory; what wraps around to the other side becomes padding.
    const shift = down * row + right * channels;
    const start = image * size;
    const source = set.pixels.subarray(start + Math.max(0, shift), start + Math.min(size, size + shift));
    if (Math.abs(shift) < size) pixels.set(source, start + Math.max(0, -shift));
    const wrapped = Math.min(Math.abs(right), width) * channels;
    const edge = start + (right > 0 ? row - wrapped : 0);
    if (wrapped > 0) for (let at = edge; at < start + size; at += row) pixels.fill(0, at, at + wrapped);
  }
  return { ...set, pixels };
}
