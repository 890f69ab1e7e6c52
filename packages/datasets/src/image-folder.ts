import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  imageSet,
  messageOf,
  NotFoundError,
  randomStream,
  WeightmapError,
  type ImageSet,
  type ImageSpec,
  type OnProgress,
} from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { sha256 } from './_checksum.js';
import { decodeImage, sizeOfImage } from './_decode-image.js';
import { inParallel } from './_in-parallel.js';

/** Which pictures of a folder are read, and as which shape. */
export interface ImageFolderOptions {
  /** Most pictures to read: as many of each class as possible. */
  readonly images: number;
  /** Of the choice of pictures; equal seeds give equal choices. */
  readonly seed: number;
  /** Of every picture. Default: those of the first one. */
  readonly shape?: Partial<Pick<ImageSpec, 'height' | 'width' | 'channels'>>;
  /** The names of the class folders in the order of the labels. Default: all folders, sorted by the code units of their names. */
  readonly classes?: readonly string[];
  /** Called after each picture. */
  readonly onProgress?: OnProgress;
}

/** Pictures of a folder as images. */
export interface ImageFolder {
  /** The images, a class after the other in turns. */
  readonly set: ImageSet;
  /** Pictures that there are. */
  readonly found: number;
  /** SHA-256 over the names and bytes of the pictures that were read. */
  readonly checksum: string;
}

const PICTURE = /\.(png|jpe?g)$/i;
const PARTS = new Set(['train', 'training', 'test', 'val', 'valid', 'validation']);
const LARGEST_FILE = 2 ** 26;
const MAX_PIXELS = 2 ** 24;
const AT_A_TIME = 8;

/**
 * Reads a folder of PNG and JPEG pictures: `<folder>/<class>/<picture>`, or `<folder>/test/<class>/<picture>`.
 *
 * @throws WeightmapError if there is no picture, a class has none, or a picture is damaged or of another size.
 */
export async function readImageFolder(
  folder: string,
  { images, seed, shape = {}, classes: wanted, onProgress }: ImageFolderOptions,
): Promise<ImageFolder> {
  const { place, classes } = await classesIn(folder, wanted);
  const byClass: string[][] = [];
  for (const name of classes) {
    const pictures = (await namesIn(join(place, name))).filter((file) => PICTURE.test(file));
    if (pictures.length === 0)
      throw new WeightmapError(`The class "${name}" has no picture.`, {
        where: join(place, name),
        expected: 'PNG or JPEG pictures: .png, .jpg, .jpeg',
      });
    byClass.push(pictures.map((file) => join(place, name, file)));
  }
  const found = byClass.reduce((sum, pictures) => sum + pictures.length, 0);
  const chosen = inTurns(byClass, images, seed);
  const first = await bytesOf(chosen[0].file);
  const spec = { ...(await about(chosen[0].file, () => sizeOfImage(first))), ...shape, classes };
  const size = spec.height * spec.width * spec.channels;
  const pixels = new Uint8Array(chosen.length * size);
  const digests = new Array<string>(chosen.length);
  let done = 0;
  await inParallel(chosen, AT_A_TIME, async ({ file }, i) => {
    const bytes = await bytesOf(file);
    digests[i] = `${file.slice(place.length)} ${sha256(bytes)}\n`;
    pixels.set(
      await about(file, () => decodeImage(bytes, { ...spec, maxPixels: MAX_PIXELS, resize: false })),
      i * size,
    );
    onProgress?.({ stage: 'read pictures', done: ++done, total: chosen.length });
  });
  const labels = Uint8Array.from(chosen, ({ label }) => label);
  return { set: imageSet(spec, pixels, labels), found, checksum: sha256(...digests) };
}

async function classesIn(folder: string, wanted: readonly string[] | undefined) {
  let place = folder;
  let names = await foldersIn(place);
  const parts = names.filter((name) => PARTS.has(name.toLowerCase()));
  if (parts.length > 0 && parts.length === names.length) {
    if (!names.includes('test'))
      throw new WeightmapError(
        `The folder holds the parts ${names.join(', ')} of a dataset, and no test part.`,
        {
          where: folder,
          expected: 'a folder for each class, or test/ with a folder for each class',
          fix: `name one part: ${join(folder, names[0])}`,
        },
      );
    place = join(folder, 'test');
    names = await foldersIn(place);
  }
  const where = place;
  if (names.length < 2)
    throw new WeightmapError(
      names.length === 0 ? 'The folder holds no class.' : 'The folder holds a single class.',
      { where, expected: 'a folder of pictures for each of two classes or more' },
    );
  const classes = wanted ?? names;
  const unknown = classes.find((name) => !names.includes(name));
  const surplus = names.find((name) => !classes.includes(name));
  if (unknown !== undefined || surplus !== undefined || new Set(classes).size < classes.length)
    throw new WeightmapError(
      unknown !== undefined
        ? `There is no folder of the class "${unknown}".`
        : surplus !== undefined
          ? `The folder "${surplus}" is none of the named classes.`
          : 'A class is named twice.',
      { where, expected: `${names.join(', ')}, each once` },
    );
  return { place, classes };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    throw new NotFoundError(`The folder of pictures can't be read: ${messageOf(error)}.`, { where: folder });
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await namesIn(folder))
    if (
      await readdir(join(folder, name)).then(
        () => true,
        () => false,
      )
    )
      names.push(name);
  return names;
}

/** As `balancedSubset` chooses images: the classes take turns, each in a random order of its own. */
function inTurns(byClass: readonly (readonly string[])[], most: number, seed: number) {
  const queues = byClass.map((files, label) =>
    Array.from(randomStream(seed, 'subset', label).permutation(files.length), (place) => files[place]),
  );
  const longest = Math.max(...queues.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) =>
    queues.flatMap((queue, label) => (turn < queue.length ? [{ file: queue[turn], label }] : [])),
  )
    .flat()
    .slice(0, most);
}

async function bytesOf(file: string): Promise<Uint8Array> {
  const bytes = await readIfThere(file, { largest: LARGEST_FILE });
  if (!bytes) throw new NotFoundError('A picture is gone.', { where: file });
  return bytes;
}

/** Names the file in an error about a picture. */
async function about<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof WeightmapError)) throw error;
    const fix = error.details.expected?.includes('×')
      ? 'resize the pictures to that size'
      : error.details.fix;
    throw new WeightmapError(error.message, { ...error.details, where: file, fix }, { cause: error });
  }
}
