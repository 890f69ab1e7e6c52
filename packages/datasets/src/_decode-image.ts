import { messageOf, WeightmapError, type ImageSpec } from '@weightmap/core';

export interface DecodeOptions extends Pick<ImageSpec, 'height' | 'width' | 'channels'> {
  /** Pixels that the picture itself may have. */
  maxPixels: number;
  /** Whether a picture of another size is shrunk (without keeping its proportions), or refused. */
  resize: boolean;
}

/**
 * A JPEG or PNG as bytes [height, width, channels], 0…255, in sRGB or, for one channel, its luminance.
 *
 * @throws WeightmapError without a place if it is cut short, damaged, no picture, too large, or of another size.
 */
export async function decodeImage(
  bytes: Uint8Array,
  { height, width, channels, maxPixels, resize }: DecodeOptions,
): Promise<Uint8Array> {
  checkForm(bytes);
  const decoded = await decode(bytes, { height, width, channels, maxPixels, resize }).catch(
    (error: unknown) => {
      throw new WeightmapError(
        `A picture cannot be decoded: ${messageOf(error).trim()}.`,
        {},
        { cause: error },
      );
    },
  );
  const { data, info } = decoded;
  if (info.width !== width || info.height !== height || info.channels !== channels)
    throw new WeightmapError(`A picture has ${info.width}×${info.height} pixels.`, {
      expected: `${width}×${height}`,
    });
  return data;
}

/**
 * The height and width of a JPEG or PNG, upright, and its channels: 1 for grey, else 3.
 *
 * @throws WeightmapError without a place if it is damaged or no picture.
 */
export async function sizeOfImage(
  bytes: Uint8Array,
): Promise<Pick<ImageSpec, 'height' | 'width' | 'channels'>> {
  checkForm(bytes);
  const { default: sharp } = await import('sharp');
  try {
    const { autoOrient, space } = await sharp(bytes).metadata();
    return { ...autoOrient, channels: space === 'b-w' || space === 'grey16' ? 1 : 3 };
  } catch (error) {
    throw new WeightmapError(
      `A picture cannot be decoded: ${messageOf(error).trim()}.`,
      {},
      { cause: error },
    );
  }
}

async function decode(bytes: Uint8Array, { height, width, channels, maxPixels, resize }: DecodeOptions) {
  // Loaded with the first picture: most datasets have none.
  const { default: sharp } = await import('sharp');
  // Errors of the file fail; warnings, such as of a stray byte between two markers, do not.
  // Cameras store photos as their sensor lies and note in EXIF how to turn them upright.
  const picture = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' }).autoOrient().removeAlpha();
  if (resize) picture.resize(width, height, { fit: 'fill' });
  return picture
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
}

/** @throws WeightmapError if it isn't a JPEG or PNG. */
function checkForm(bytes: Uint8Array): void {
  const form = formOf(bytes);
  if (form !== null)
    throw new WeightmapError(`A picture is ${form}.`, { expected: 'a JPEG or PNG, by its content' });
}

/** The name of the form of a file that isn't a JPEG or PNG; null for those two. Other forms can take minutes to draw (SVG). */
function formOf(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.subarray(0, 256));
  if (text.startsWith('\xff\xd8\xff') || text.startsWith('\x89PNG\r\n\x1a\n')) return null;
  if (bytes.length === 0) return 'an empty file';
  if (text.startsWith('GIF8')) return 'a GIF';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'a WebP';
  if (/^(II\*\0|MM\0\*)/.test(text)) return 'a TIFF';
  if (/^....ftyp(avif|hei[cx]|mif1)/s.test(text)) return 'an AVIF or HEIC';
  if (/<svg/i.test(text)) return 'an SVG';
  if (/^\s*<(!doctype|html)/i.test(text)) return 'a web page';
  if (text.startsWith('version https://git-lfs')) return 'a Git LFS pointer, not the picture itself';
  return 'not a picture that this program reads';
}
