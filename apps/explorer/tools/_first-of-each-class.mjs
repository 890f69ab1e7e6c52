import { Buffer } from 'node:buffer';

/** The first image of each class, as the page wants them. */
export function firstOfEachClass({ spec, pixels, labels }) {
  const size = spec.height * spec.width * spec.channels;
  return spec.classes.flatMap((_, label) => {
    const index = labels.indexOf(label);
    if (index < 0) return [];
    const bytes = pixels.subarray(index * size, (index + 1) * size);
    return [{ label, pixels: Buffer.from(bytes).toString('base64') }];
  });
}
