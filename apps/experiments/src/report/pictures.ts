import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import sharp from 'sharp';
import { isInside, type StoredRecord } from '../records/index.js';

/** A picture for the page, or why there is none. */
export type Picture =
  | { readonly uri: string; readonly missing?: undefined }
  | { readonly uri?: undefined; readonly missing: string };

/** Pictures by the record's folder and their path in it. */
export type Pictures = ReadonlyMap<string, Picture>;

export const pictureKey = ({ folder }: StoredRecord, path: string): string => join(folder, path);

/** All pictures of a page together; the page itself stays under 2 MB. */
const BUDGET = 1_000_000;

/**
 * Reads the pictures of these records, heat maps in colour. One that is missing, damaged, out of the run's folder or
 * more than the page can hold is named, never fatal.
 */
export async function loadPictures(run: string, stored: readonly StoredRecord[]): Promise<Pictures> {
  const root = await realpath(run);
  const pictures = new Map<string, Picture>();
  let left = BUDGET;
  for (const one of stored)
    for (const { image, heatmap } of one.record.gradCam)
      for (const path of [image, heatmap]) {
        const key = pictureKey(one, path);
        if (pictures.has(key)) continue;
        const picture = await load(root, key, path === heatmap);
        left -= picture.uri?.length ?? 0;
        pictures.set(key, left < 0 ? { missing: 'left out to keep this page small' } : picture);
      }
  return pictures;
}

async function load(root: string, path: string, isHeatmap: boolean): Promise<Picture> {
  try {
    const real = await realpath(path);
    if (!isInside(root, real)) return { missing: 'picture outside the run' };
    const bytes = await readFile(real);
    const png = isHeatmap
      ? await colourHeat(bytes)
      : await sharp(bytes).png({ compressionLevel: 9 }).toBuffer();
    return { uri: `data:image/png;base64,${png.toString('base64')}` };
  } catch (error) {
    return {
      missing: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'picture missing' : 'picture damaged',
    };
  }
}

/** 256 colours from dark (0) to bright (255), even in lightness. */
const heat = heatColours();

/** A gray heat map in colour, pixel by pixel; one that is in colour already stays as it is. */
async function colourHeat(bytes: Buffer): Promise<Buffer> {
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const coloured = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const pixel = data.subarray(i * channels, i * channels + 3);
    const isGray = pixel[0] === pixel[1] && pixel[1] === pixel[2];
    coloured.set(isGray ? heat[pixel[0]] : pixel, i * 3);
  }
  return sharp(coloured, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

function heatColours(): [number, number, number][] {
  const scale = Plot.scale({ color: { scheme: 'inferno', domain: [0, 255] } });
  return Array.from({ length: 256 }, (_, value) => {
    const colour = Number.parseInt(String(scale.apply(value)).slice(1), 16);
    return [colour >> 16, (colour >> 8) & 255, colour & 255];
  });
}
