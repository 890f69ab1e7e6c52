import { countOf, pick, WeightmapError, type ImageSet, type SplitUnit } from '@weightmap/core';
import { counted } from './_counted.js';
import { cutGroups, cutImages } from './_cut-parts.js';
import type { WildImage } from './_wild-images.js';

export type WildParts = Readonly<Record<'train' | 'validation' | 'test', ImageSet>>;

/**
 * Training, validation and test, in each the classes by turns: any beginning of a part holds all of them.
 *
 * @param images what the list says of the images of `set`, in its order, each class in random order.
 * @param list named in errors.
 * @throws WeightmapError if the images have no sequence or location to be split by, or too few of them.
 */
export function splitWild(
  set: ImageSet,
  images: readonly WildImage[],
  { seed, splitBy, list }: { seed: number; splitBy: SplitUnit; list: string },
): WildParts {
  const labels = images.map(({ label }) => label);
  const classes = set.spec.classes.length;
  const parts =
    splitBy === 'image'
      ? cutImages(labels, classes)
      : cutGroups(labels, groupsOf(images, splitBy, list), classes, seed);
  const ranks = rankWithin(labels, parts, classes);
  const order = [...labels.keys()].sort((a, b) => ranks[a] - ranks[b] || labels[a] - labels[b]);
  const [train, validation, test] = [0, 1, 2].map((part) =>
    pick(
      set,
      order.filter((i) => parts[i] === part),
    ),
  );
  return { train, validation, test };
}

/** What a reader of results must know of the split. */
export function splitNotes(splitBy: SplitUnit, parts: WildParts): string[] {
  if (splitBy === 'image')
    return [
      'Split by image, as in the paper: frames of one burst, which are near-copies, lie in different parts, so that the test error is flattering. Split by sequence or location to keep them together.',
    ];
  const counts = [parts.train, parts.validation, parts.test].map(countOf);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shares = counts.map((count) => `${((100 * count) / total).toFixed(1)} %`).join(', ');
  const lacks = Object.entries(parts).flatMap(([part, { spec, labels }]) =>
    spec.classes.filter((_, label) => !labels.includes(label)).map((name) => `no ${name} in ${part}`),
  );
  return [
    `Split by ${splitBy}: all images of one ${splitBy} lie in one part, ${shares} of them.`,
    ...(lacks.length > 0
      ? [`Too few ${splitBy}s to have every class in every part: ${lacks.join(', ')}.`]
      : []),
  ];
}

/** Of each image, how many of its class come before it in its part. */
function rankWithin(labels: readonly number[], parts: Uint8Array, classes: number): number[] {
  const seen = Array<number>(3 * classes).fill(0);
  return labels.map((label, i) => seen[parts[i] * classes + label]++);
}

function groupsOf(images: readonly WildImage[], splitBy: 'sequence' | 'location', list: string): string[] {
  const without = images.filter((image) => image[splitBy] === null);
  if (without.length > 0)
    throw new WeightmapError(
      `${without.length} of ${counted(images.length, 'image', 'images')} ${without.length === 1 ? 'has' : 'have'} no ${splitBy}, such as ${without[0].file}.`,
      {
        where: list,
        expected: `a ${splitBy === 'sequence' ? 'seq_id' : 'location'} for every image`,
        fix: 'split by image, or use a list that has it',
      },
    );
  return images.map((image) => image[splitBy]!);
}
