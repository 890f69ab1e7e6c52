import { Buffer } from 'node:buffer';

/** The first images of each class, as the page wants them: the first of all classes, then the second of all, and so on. */
export function shownImages({ spec, pixels, labels }, ofEachClass) {
  const size = spec.height * spec.width * spec.channels;
  const places = spec.classes.map((_, label) =>
    [...labels.keys()].filter((index) => labels[index] === label).slice(0, ofEachClass),
  );
  return Array.from({ length: ofEachClass }, (_, turn) =>
    places.flatMap((found, label) => {
      if (turn >= found.length) return [];
      const bytes = pixels.subarray(found[turn] * size, (found[turn] + 1) * size);
      return [{ label, pixels: Buffer.from(bytes).toString('base64') }];
    }),
  ).flat();
}
