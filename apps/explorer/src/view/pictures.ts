import { interpolateInferno } from 'd3-scale-chromatic';
import { paint, type Picture } from '../picture.js';

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  /** 1 or 3. */
  readonly channels: number;
}

/** @param pixels [height, width, channels], in [0, 1] */
export const imagePicture = (pixels: ArrayLike<number>, shape: ImageShape): Picture =>
  paint(
    shape,
    ofChannels((place, channel) => 255 * valueOf(pixels, shape, place, channel)),
  );

/** A difference around mid-gray, and its magnification. */
export interface DifferencePicture extends Picture {
  /** The largest change fills half the range; 1 where nothing changed. */
  readonly factor: number;
}

/** The change of an image. */
export function differencePicture(
  after: ArrayLike<number>,
  before: ArrayLike<number>,
  shape: ImageShape,
): DifferencePicture {
  const changes = Float32Array.from(after, (value, i) => value - before[i]);
  const largest = changes.reduce((most, change) => Math.max(most, Math.abs(change)), 0);
  const factor = largest > 0 ? 0.5 / largest : 1;
  const picture = paint(
    shape,
    ofChannels((place, channel) => 127.5 + 255 * factor * valueOf(changes, shape, place, channel)),
  );
  return { ...picture, factor };
}

/** The share of the heat map in the colour; the rest is the image below it. The same as in the report. */
const HEAT_SHARE = 0.72;

const heatColours = Array.from({ length: 256 }, (_, i) => {
  const colour = Number.parseInt(interpolateInferno(i / 255).slice(1), 16);
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
});

/** A heat map in colour over its image, without smoothing: each cell of the map is a block. */
export function heatPicture(
  heat: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  pixels: ArrayLike<number>,
  shape: ImageShape,
): Picture {
  const { height, width } = shape;
  const light = (place: number) =>
    [0.299, 0.587, 0.114].reduce((sum, share, c) => sum + share * valueOf(pixels, shape, place, c), 0);
  const colourAt = (place: number, channel: number) => {
    const row = Math.floor((Math.floor(place / width) * rows) / height);
    const column = Math.floor(((place % width) * columns) / width);
    const colour = heatColours[Math.round(255 * heat[row * columns + column])][channel];
    return HEAT_SHARE * colour + (1 - HEAT_SHARE) * 255 * light(place);
  };
  return paint(shape, ofChannels(colourAt));
}

const valueOf = (pixels: ArrayLike<number>, { channels }: ImageShape, place: number, channel: number) =>
  pixels[place * channels + Math.min(channel, channels - 1)];

/** Red, green and blue of a pixel by a function of the channel. */
const ofChannels =
  (colour: (place: number, channel: number) => number) =>
  (place: number): [number, number, number] => [colour(place, 0), colour(place, 1), colour(place, 2)];
