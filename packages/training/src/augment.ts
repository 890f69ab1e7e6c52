import type { ImageSet, RandomStream } from '@weightmap/core';

/**
 * Pads every image with zeros on all sides, then crops a window of the original size at a random
 * place: a shift by −padding … padding in each direction, drawn for each image on its own
 * (paper, section 4.1: padding 2).
 *
 * @param set pixels [count, height, width, channels], bytes; not changed.
 * @param random two integers an image are drawn from it, the row's offset before the column's.
 * @param padding pixels on each side.
 * @returns a set of the same shape with the same labels.
 */
export function padCrop(
  set: ImageSet,
  random: RandomStream,
  { padding = 2 }: { padding?: number } = {},
): ImageSet {
  const { height, width, channels } = set.spec;
  const row = width * channels;
  const pixels = new Uint8Array(set.pixels.length);
  for (let image = 0; image < set.labels.length; image++) {
    // Row y of the crop is row y + down of the image, or padding; columns likewise.
    const down = random.integer(2 * padding + 1) - padding;
    const right = random.integer(2 * padding + 1) - padding;
    const columns = Math.max(0, width - Math.abs(right)) * channels;
    const from = Math.max(0, right) * channels;
    const to = Math.max(0, -right) * channels;
    for (let y = Math.max(0, -down); y < Math.min(height, height - down); y++) {
      const source = (image * height + y + down) * row + from;
      pixels.set(set.pixels.subarray(source, source + columns), (image * height + y) * row + to);
    }
  }
  return { ...set, pixels };
}
