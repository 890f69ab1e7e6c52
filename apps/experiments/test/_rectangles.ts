import { imageSet, randomStream, type ImageSet, type ImageSpec } from '@weightmap/core';

/** `count` images of a bright rectangle on black, grey values, of as many classes as the spec has. */
export function rectangles(spec: ImageSpec, count: number): ImageSet {
  const random = randomStream(1, 'rectangles');
  const { height, width, channels, classes } = spec;
  const pixels = new Uint8Array(count * height * width * channels);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes.length);
  labels.forEach((label, i) => {
    const [top, left] = [random.integer(4), random.integer(4)];
    for (let row = top; row < top + 4 + label; row++)
      for (let column = left; column < left + 5; column++) {
        const start = channels * ((i * height + row) * width + column);
        pixels.fill(100 + random.integer(156), start, start + channels);
      }
  });
  return imageSet(spec, pixels, labels);
}
