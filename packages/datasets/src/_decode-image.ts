import { messageOf, WeightmapError, type ImageSpec } from '@weightmap/core';
import sharp from 'sharp';

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

async function decode(bytes: Uint8Array, { height, width, channels, maxPixels, resize }: DecodeOptions) {
  // Errors of the file fail; warnings, such as of a stray byte between two markers, do not.
  const picture = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' }).removeAlpha();
  if (resize) picture.resize(width, height, { fit: 'fill' });
  return picture
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
}
