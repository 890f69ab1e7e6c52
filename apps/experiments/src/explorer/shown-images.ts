import type { ImageSet, ShownImage } from '@weightmap/core';

/** `count` images, or all there are: the first of each class, then the second of each, and so on. */
export function shownImages({ spec, pixels, labels }: ImageSet, count: number): ShownImage[] {
  const size = spec.height * spec.width * spec.channels;
  const seen = spec.classes.map(() => 0);
  /** Which image of its class each one is. */
  const turns = Array.from(labels, (label) => seen[label]++);
  const order = [...turns.keys()].sort((a, b) => turns[a] - turns[b] || labels[a] - labels[b]);
  return order.slice(0, count).map((index) => ({
    label: labels[index],
    pixels: Buffer.from(pixels.subarray(index * size, (index + 1) * size)).toString('base64'),
  }));
}
