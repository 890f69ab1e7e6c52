import { imageSet, randomStream, type ImageSet, type ImageSpec } from '@weightmap/core';

/** Images of random pixels, for timing. */
export function madeImages(spec: ImageSpec, count: number): ImageSet {
  const { height, width, channels, classes } = spec;
  const random = randomStream(1, 'bench');
  return imageSet(
    spec,
    Uint8Array.from({ length: count * height * width * channels }, () => random.integer(256)),
    Uint8Array.from({ length: count }, (_, i) => i % classes.length),
  );
}
