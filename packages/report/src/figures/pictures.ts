import { join } from 'node:path';
import { confine, readIfThere } from '@weightmap/core/files';
import { magnification, type Look, type Pictured } from '@weightmap/records';
import { count } from '../format.js';
import { samplesOf, type GridRow } from '../model/grids.js';
import { HEAT_SHARE, heatColours } from '../plot/heat-colours.js';

/** A picture for the page, or why there is none. */
export type Picture =
  | { readonly uri: string; readonly missing?: undefined }
  | { readonly uri?: undefined; readonly missing: string };

/** The pictures of one sample under one condition. */
export interface Pictures {
  /** The image that the model was given. */
  readonly input: Picture;
  /** Grad-CAM over it. */
  readonly heat: Picture;
  /** The perturbation around mid-gray; null unless the image was attacked. */
  readonly perturbation: Picture | null;
}

/** The pictures beside some records. */
export interface Album {
  /** The largest number of samples that a model has pictures of. */
  readonly samples: number;
  /** The pictures of one look. */
  picturesOf(stored: Pictured, gradCam: Look): Pictures;
}

const missingPicture: Picture = { missing: 'picture missing' };

/**
 * Reads the pictures of these records: inputs, heat maps in colour over them, perturbations. One that is missing, damaged or
 * out of the run's folder is named, never fatal.
 */
export async function loadAlbum(run: string, stored: readonly Pictured[]): Promise<Album> {
  const reader = pictureReader(run);
  const loaded = new Map<string, Pictures>();
  for (const one of stored)
    for (const gradCam of one.record.gradCam) {
      const clean = one.record.gradCam.find(
        ({ sample, condition }) => sample === gradCam.sample && condition === 'clean',
      );
      loaded.set(keyOf(one, gradCam), await load(reader, one, gradCam, clean));
    }
  return {
    samples: Math.max(0, ...stored.map((one) => samplesOf(one).length)),
    picturesOf: (one, gradCam) =>
      loaded.get(keyOf(one, gradCam)) ?? { input: missingPicture, heat: missingPicture, perturbation: null },
  };
}

/** Says how many samples a page leaves out; null if none. */
export const leftOutNote = ({ samples }: Album, shown: number): string | null =>
  shown < samples
    ? `${count(shown, 'sample')} of ${samples}: more would make this page too large. All lie beside the records, in grad-cam/.`
    : null;

/** The input that all models share; null if each has its own, as under attack. */
export function sharedInput({ views, condition }: GridRow, album: Album): Picture | null {
  if (condition === 'attacked') return null;
  const known = views.flatMap((view) => (view ? [album.picturesOf(view.stored, view.gradCam).input] : []));
  return known.every(({ uri }) => uri !== undefined && uri === known[0].uri) ? (known[0] ?? null) : null;
}

const keyOf = ({ folder }: Pictured, { image, heatmap }: Look): string =>
  JSON.stringify([folder, image, heatmap]);

async function load(
  pixels: PictureReader,
  { folder }: Pictured,
  { condition, strength, ...paths }: Look,
  clean: Look | undefined,
): Promise<Pictures> {
  const read = (path: string) => pixels(join(folder, path));
  const [image, heat] = [await read(paths.image), await read(paths.heatmap)];
  const drawn = paths.perturbation === undefined ? null : await read(paths.perturbation);
  const before = !drawn && condition === 'attacked' && clean ? await read(clean.image) : null;
  return {
    input: await pictureOf(image, (pixels) => pixels),
    heat: await pictureOf(heat, (pixels) => overlay(pixels, 'missing' in image ? null : image)),
    perturbation: drawn
      ? await pictureOf(drawn, (pixels) => pixels)
      : before && !('missing' in before)
        ? await pictureOf(image, (pixels) => perturbation(pixels, before, strength))
        : null,
  };
}

/** Of a coloured picture, so that a page holds many. */
const COLOURS = 96;

/** Red, green and blue, row by row. */
interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

type PictureReader = (path: string) => Promise<Pixels | { missing: string }>;

/** Bytes of a picture's file, pixels of a picture, and pixels of all pictures of a report. */
const LARGEST = { bytes: 16 * 2 ** 20, pixels: 2048 ** 2, together: 128 * 2 ** 20 };

/** Reads PNG files within a run. Their size in pixels is read before anything is decoded. @param root the run's folder. */
function pictureReader(root: string): PictureReader {
  let pixelsLeft = LARGEST.together;
  return async (path) => {
    try {
      confine(root, path);
    } catch {
      return { missing: 'picture outside the run' };
    }
    try {
      const bytes = await readIfThere(path, { within: root, largest: LARGEST.bytes });
      if (!bytes) return { missing: 'picture missing' };
      const size = pixelsOf(bytes);
      if (!size) return { missing: 'picture damaged' };
      if (size > LARGEST.pixels) return { missing: 'picture too large' };
      if (size > pixelsLeft) return { missing: 'picture left out: there are too many' };
      pixelsLeft -= size;
      return await decoded(bytes);
    } catch {
      return { missing: 'picture damaged' };
    }
  };
}

const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

/** Width × height from the header of a PNG file; null of anything else. */
function pixelsOf(bytes: Buffer): number | null {
  if (bytes.length < 24 || !bytes.subarray(0, 16).equals(PNG_SIGNATURE)) return null;
  return bytes.readUInt32BE(16) * bytes.readUInt32BE(20) || null;
}

/** Loaded with the first picture: most commands draw none. */
const loadSharp = async () => (await import('sharp')).default;

async function decoded(bytes: Buffer): Promise<Pixels> {
  const sharp = await loadSharp();
  const { data, info } = await sharp(bytes, { limitInputPixels: LARGEST.pixels })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++)
    rgb[i] = data[Math.floor(i / 3) * channels + Math.min(i % 3, channels - 1)];
  return { data: rgb, width, height };
}

async function pictureOf(
  pixels: Pixels | { missing: string },
  change: (pixels: Pixels) => Pixels,
): Promise<Picture> {
  if ('missing' in pixels) return pixels;
  const { data, width, height } = change(pixels);
  const isGray = data.every((value, i) => value === data[i - (i % 3)]);
  const sharp = await loadSharp();
  const raw = sharp(data, { raw: { width, height, channels: 3 } });
  const png = isGray
    ? await raw.toColourspace('b-w').png({ compressionLevel: 9 }).toBuffer()
    : await raw.png({ compressionLevel: 9, palette: true, colours: COLOURS, dither: 0 }).toBuffer();
  return { uri: `data:image/png;base64,${png.toString('base64')}` };
}

/** A heat map in colour over its image, at the image's resolution: each place of the map a block, nothing blurred. */
function overlay(heat: Pixels, image: Pixels | null): Pixels {
  const under = image ?? heat;
  const { width, height } = under;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      const place =
        Math.floor((y * heat.height) / height) * heat.width + Math.floor((x * heat.width) / width);
      const colour = heatColours[heat.data[3 * place]];
      const light = 0.299 * under.data[at] + 0.587 * under.data[at + 1] + 0.114 * under.data[at + 2];
      for (let c = 0; c < 3; c++)
        data[at + c] = image ? Math.round(HEAT_SHARE * colour[c] + (1 - HEAT_SHARE) * light) : colour[c];
    }
  return { data, width, height };
}

/** The perturbation of an image, magnified around mid-gray, for records without a picture of it. */
function perturbation(after: Pixels, before: Pixels, epsilon: number): Pixels {
  const { data, width, height } = after;
  const factor = magnification(epsilon);
  const shown = data.map((value, i) => {
    const added = value - (before.data[i] ?? value);
    return Math.max(0, Math.min(255, Math.round(127.5 + factor * added)));
  });
  return { data: shown, width, height };
}
