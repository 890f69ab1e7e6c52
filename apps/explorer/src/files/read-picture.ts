import type { Decoded } from './to-input.js';

/** The largest file and picture that are read. */
const LARGEST = { bytes: 2 ** 26, pixels: 2 ** 25 };

/**
 * Decodes a picture that the browser can show, upright as its file says (EXIF).
 *
 * @throws Error with what is wrong and what to do, if it is no picture, damaged or too large.
 */
export async function readPicture(file: File): Promise<Decoded> {
  if (file.size === 0) throw new Error('The file is empty. Choose a picture, such as a PNG or JPEG.');
  if (file.size > LARGEST.bytes)
    throw new Error(
      `The file has ${Math.ceil(file.size / 2 ** 20)} MB, and at most ${LARGEST.bytes / 2 ** 20} MB are read. Save the picture smaller.`,
    );
  const bitmap = await decode(file);
  try {
    const { width, height } = bitmap;
    if (width * height > LARGEST.pixels)
      throw new Error(
        `The picture has ${width} × ${height} pixels, and at most ${Math.floor(LARGEST.pixels / 1e6)} million are read. Save it smaller.`,
      );
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('The browser has no memory left for this picture. Save it smaller.');
    context.drawImage(bitmap, 0, 0);
    return { width, height, rgba: context.getImageData(0, 0, width, height).data };
  } finally {
    bitmap.close();
  }
}

async function decode(file: File): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (error) {
    throw new Error(
      'The browser cannot read the file as a picture: it is damaged, cut short, or of a format that the browser does not know. PNG and JPEG always work.',
      { cause: error },
    );
  }
}
