import { WeightmapError, type ImageSpec, type OnProgress } from '@weightmap/core';
import { checksumOfFile, sha256 } from './_checksum.js';
import { readClassArchive, readClassFolders, type Picture } from './_class-folders.js';
import { countDown } from './_count-down.js';
import { throughCache, type Decoded } from './_decoded-cache.js';
import { decodeImage } from './_decode-image.js';
import { inParallel } from './_in-parallel.js';

export interface PictureSet {
  /** Of both parts, training first. */
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  /** Images of the training part. */
  readonly train: number;
  /** JPEG if any picture is one. */
  readonly format: 'JPEG' | 'PNG';
  /** Over the names and the undecoded bytes, the same for a folder and an archive of it. */
  readonly checksum: string;
  /** Null, or that the cache cannot be used. */
  readonly note: string | null;
}

type About = Pick<PictureSet, 'train' | 'format' | 'checksum'> & { readonly images: number };

/** More than a picture of another size is likely to have; a larger one is not even decoded. */
const MAX_PIXELS = 2 ** 16;
const AT_A_TIME = 8;

/**
 * The pictures of class folders (`{ folder }`) or of a tar archive of them (`{ file }`), decoded once and then read
 * from the cache.
 *
 * @throws WeightmapError if a picture is damaged or of another size than `spec` has.
 */
export async function readPictures(
  source: { readonly folder: string } | { readonly file: string },
  { id, label, spec, onProgress }: { id: string; label: string; spec: ImageSpec; onProgress?: OnProgress },
): Promise<PictureSet> {
  // A folder has no checksum but that of its files; an archive has one that is had without unpacking it.
  const ofFolder = 'folder' in source ? await readClassFolders(source.folder, spec) : null;
  const key = 'file' in source ? await checksumOfFile(source.file, 'sha256') : checksumOf(ofFolder!);
  const { about, bytes, note } = await throughCache<About>({ id, key, stillHolds: isOf(spec) }, async () => {
    const pictures = 'file' in source ? await readClassArchive(source.file, spec) : ofFolder!;
    return decodeAll(pictures, spec, countDown(`decode ${label}`, pictures.length, onProgress));
  });
  const split = bytes.length - about.images;
  return { ...about, pixels: bytes.subarray(0, split), labels: bytes.subarray(split), note };
}

/** Whether kept images are of the form that `decodeAll` makes. */
const isOf =
  ({ height, width, channels, classes }: ImageSpec) =>
  ({ about: { images, train, format, checksum }, bytes }: Decoded<About>): boolean =>
    Number.isInteger(images) &&
    Number.isInteger(train) &&
    train > 0 &&
    train < images &&
    bytes.length === images * (height * width * channels + 1) &&
    bytes.subarray(-images).every((label) => label < classes.length) &&
    ['JPEG', 'PNG'].includes(format) &&
    /^[0-9a-f]{64}$/.test(checksum);

async function decodeAll(
  pictures: readonly Picture[],
  spec: ImageSpec,
  onOne: () => void,
): Promise<Decoded<About>> {
  const size = spec.height * spec.width * spec.channels;
  const bytes = new Uint8Array(pictures.length * (size + 1));
  await inParallel(pictures, AT_A_TIME, async (picture, i) => {
    bytes.set(await decoded(picture, spec), i * size);
    bytes[pictures.length * size + i] = picture.label;
    onOne();
  });
  const about: About = {
    images: pictures.length,
    train: pictures.filter(({ part }) => part === 'train').length,
    format: pictures.some(({ name }) => !/\.png$/i.test(name)) ? 'JPEG' : 'PNG',
    checksum: checksumOf(pictures),
  };
  return { about, bytes };
}

async function decoded({ bytes, where }: Picture, spec: ImageSpec): Promise<Uint8Array> {
  try {
    return await decodeImage(bytes, { ...spec, maxPixels: MAX_PIXELS, resize: false });
  } catch (error) {
    if (!(error instanceof WeightmapError)) throw error;
    const fix = 'fetch or unpack it again';
    throw new WeightmapError(error.message, { ...error.details, where, fix }, { cause: error });
  }
}

const checksumOf = (pictures: readonly Picture[]): string =>
  sha256(...pictures.map(({ part, name, bytes }) => `${part}/${name} ${sha256(bytes)}\n`));
