import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  randomStream,
  WeightmapError,
  type DatasetOptions,
  type ImageSpec,
  type SkippedImage,
} from '@weightmap/core';
import { sha256 } from './_checksum.js';
import { counted } from './_counted.js';
import { countDown } from './_count-down.js';
import { decodeImage } from './_decode-image.js';
import type { Decoded } from './_decoded-cache.js';
import { inParallel } from './_in-parallel.js';
import { otherSpellings } from './_spelling.js';
import type { WildImage } from './_wild-images.js';

/** A file as it was when it was read: tells whether it has been replaced since. */
interface FileState {
  readonly file: string;
  /** Null: it was not there. */
  readonly size: number | null;
  readonly modified: number | null;
}

export interface Drawn {
  /** In the order of their bytes: every class in the order drawn, one class after the other. */
  readonly images: readonly WildImage[];
  readonly skipped: readonly SkippedImage[];
  /** Over the bytes of the images used. */
  readonly checksum: string;
  readonly files: readonly FileState[];
  readonly notes: readonly string[];
}

/** Cameras of these sets have up to 20 million pixels. */
const MAX_PIXELS = 50_000_000;
const MAX_FILE_BYTES = 2 ** 26;
const AT_A_TIME = 8;

export interface DrawOptions extends Pick<DatasetOptions, 'seed' | 'onProgress'> {
  label: string;
  spec: ImageSpec;
  perClass: number;
  /** The folder of images. */
  folder: string;
  /** The list that the images come from, for errors. */
  list: string;
}

/**
 * Draws images of every class by the stream (seed, 'draw', class) and decodes them, shrunk; one that is missing or broken
 * is skipped and the next drawn in its place, and so is one with the same bytes as an earlier one: it could be in two parts.
 *
 * @throws WeightmapError if a class has too few images that can be read.
 */
export async function drawImages(
  candidates: readonly WildImage[],
  { seed, label, spec, perClass, folder, list, onProgress }: DrawOptions,
): Promise<Decoded<Omit<Drawn, 'notes'>>> {
  const size = spec.height * spec.width * spec.channels;
  const queues = spec.classes.map((name, c) => {
    // By id, so that the order of the list does not matter.
    const own = candidates.filter((image) => image.label === c).sort((a, b) => (a.id < b.id ? -1 : 1));
    return [...randomStream(seed, 'draw', name).permutation(own.length)].map((i) => own[i]);
  });
  checkNumbers(queues, { perClass, spec, list });

  const wanted = perClass * queues.length;
  const step = countDown(`decode ${label}`, wanted, onProgress);
  const bytes = new Uint8Array(wanted * size);
  const images: WildImage[] = [];
  /** The first image with each content, by its SHA-256. */
  const firstWith = new Map<string, WildImage>();
  const files: FileState[] = [];
  const skipped: SkippedImage[] = [];
  const spelling = otherSpellings(folder);
  for (const [c, queue] of queues.entries()) {
    let next = 0;
    while (images.length < perClass * (c + 1)) {
      const tried = queue.slice(next, (next += perClass * (c + 1) - images.length));
      if (tried.length === 0) throw tooFew({ name: spec.classes[c], perClass, skipped, list });
      const results: Awaited<ReturnType<typeof readImage>>[] = [];
      await inParallel(tried, AT_A_TIME, async (image, i) => {
        results[i] = await readImage(join(folder, image.file), spec);
        if ('pixels' in results[i]) step();
      });
      for (const [i, result] of results.entries()) {
        files.push({ ...result.state, file: tried[i].file });
        const first = 'hash' in result ? firstWith.get(result.hash) : undefined;
        if ('reason' in result) {
          const there = result.state.size === null ? await spelling(tried[i].file) : null;
          const reason = there === null ? result.reason : `${result.reason}; ${there} is there`;
          skipped.push({ image: tried[i].file, reason });
        } else if (first !== undefined)
          skipped.push({
            image: tried[i].file,
            reason: `the same photo as ${first.file}${first.label === c ? '' : `, which is listed as ${spec.classes[first.label]}`}`,
          });
        else {
          bytes.set(result.pixels, images.length * size);
          images.push(tried[i]);
          firstWith.set(result.hash, tried[i]);
        }
      }
    }
  }
  return { about: { images, skipped, files, checksum: sha256(...firstWith.keys()) }, bytes };
}

/** Whether kept images are of the form that `drawImages` makes. */
export function isDrawn(
  { about: { images, skipped, files, checksum, notes }, bytes }: Decoded<Drawn>,
  { height, width, channels, classes }: ImageSpec,
  perClass: number,
): boolean {
  const isText = (value: unknown) => typeof value === 'string';
  return (
    images.length === perClass * classes.length &&
    bytes.length === images.length * height * width * channels &&
    images.every(
      ({ id, file, label }, i) => isText(id) && isText(file) && label === Math.floor(i / perClass),
    ) &&
    skipped.every(({ image, reason }) => isText(image) && isText(reason)) &&
    files.length >= images.length &&
    files.every(({ file }) => isText(file)) &&
    notes.every(isText) &&
    isText(checksum)
  );
}

/** Whether the files are the ones that were read, those not there included. */
export async function areUnchanged(files: readonly FileState[], folder: string): Promise<boolean> {
  let same = true;
  await inParallel(files, 32, async ({ file, size, modified }) => {
    const now = same ? await stateOf(join(folder, file)) : null;
    if (now && (now.size !== size || now.modified !== modified)) same = false;
  });
  return same;
}

const stateOf = (path: string): Promise<Omit<FileState, 'file'>> =>
  stat(path).then(
    ({ size, mtimeMs }) => ({ size, modified: mtimeMs }),
    () => ({ size: null, modified: null }),
  );

type ReadImage = { readonly state: Omit<FileState, 'file'> } & (
  { readonly pixels: Uint8Array; readonly hash: string } | { readonly reason: string }
);

async function readImage(path: string, spec: ImageSpec): Promise<ReadImage> {
  const state = await stateOf(path);
  if (state.size === null) return { state, reason: 'missing' };
  if (state.size > MAX_FILE_BYTES) return { state, reason: `a file of ${state.size} bytes` };
  try {
    const content = await readFile(path);
    const pixels = await decodeImage(content, { ...spec, maxPixels: MAX_PIXELS, resize: true });
    return { state, pixels, hash: sha256(content) };
  } catch (error) {
    if (error instanceof WeightmapError) return { state, reason: error.message };
    return { state, reason: `cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}

function checkNumbers(
  queues: readonly (readonly WildImage[])[],
  { perClass, spec, list }: Pick<DrawOptions, 'perClass' | 'spec' | 'list'>,
): void {
  if (queues.every(({ length }) => length >= perClass)) return;
  throw new WeightmapError(`Not every class has ${perClass} images.`, {
    where: `${list} has ${queues.map(({ length }, c) => `${length} of ${spec.classes[c]}`).join(', ')}`,
    expected: `at least ${perClass} of each`,
    fix: 'use the whole list, or fewer images a class (imagesPerClass)',
  });
}

const tooFew = ({
  name,
  perClass,
  skipped,
  list,
}: Pick<DrawOptions, 'perClass' | 'list'> & { name: string; skipped: readonly SkippedImage[] }) =>
  new WeightmapError(
    `The class ${name} has fewer than ${perClass} images that can be used: some are missing, broken or copies.`,
    {
      where: `${list}: ${listed(skipped)}`,
      expected: `${perClass} images that can be read`,
      fix: skipped.some(({ reason }) => reason.endsWith(' is there'))
        ? `write the names of the files in the list as they are in the folder (${counted(skipped.filter(({ reason }) => reason.endsWith(' is there')).length, 'file is', 'files are')} there under another spelling), or rename the files`
        : 'fetch the missing images, or use fewer images a class (imagesPerClass)',
    },
  );

/** The first few, in words. */
export function listed(skipped: readonly SkippedImage[], few = 10): string {
  const shown = skipped.slice(0, few).map(({ image, reason }) => `${image} (${reason.replace(/\.$/, '')})`);
  return shown.join(', ') + (skipped.length > few ? ` and ${skipped.length - few} more` : '');
}
