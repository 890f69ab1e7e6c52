import { imageSet, randomStream, type ImageSet } from '@weightmap/core';

/** 8×8 pixels, three classes. */
export const tinySpec = { height: 8, width: 8, channels: 1, classes: ['left', 'right', 'both'] };

/** Noise with a bright left half, right half, or both: separable. */
export function tinyImages(count: number, seed = 1): ImageSet {
  const random = randomStream(seed, 'tiny');
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const pixels = Uint8Array.from({ length: count * 64 }, (_, i) => {
    const half = i % 8 < 4 ? 0 : 1;
    const label = labels[Math.floor(i / 64)];
    return random.integer(100) + (label === half || label === 2 ? 150 : 0);
  });
  return imageSet(tinySpec, pixels, labels);
}
