import { interpolateInferno } from 'd3-scale-chromatic';

/** Red, green, blue and opacity of each pixel, row by row, as for a canvas. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  /** 1 or 3. */
  readonly channels: number;
}

/** @param pixels [height, width, channels], in [0, 1] */
export const imagePicture = (pixels: ArrayLike<number>, shape: ImageShape): Picture =>
  paint(shape, (place, channel) => 255 * valueOf(pixels, shape, place, channel));

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
    (place, channel) => 127.5 + 255 * factor * valueOf(changes, shape, place, channel),
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
  return paint(shape, (place, channel) => {
    const row = Math.floor((Math.floor(place / width) * rows) / height);
    const column = Math.floor(((place % width) * columns) / width);
    const colour = heatColours[Math.round(255 * heat[row * columns + column])][channel];
    return HEAT_SHARE * colour + (1 - HEAT_SHARE) * 255 * light(place);
  });
}

const valueOf = (pixels: ArrayLike<number>, { channels }: ImageShape, place: number, channel: number) =>
  pixels[place * channels + Math.min(channel, channels - 1)];

function paint({ width, height }: ImageShape, colour: (place: number, channel: number) => number): Picture {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let place = 0; place < width * height; place++) {
    for (let channel = 0; channel < 3; channel++) rgba[4 * place + channel] = colour(place, channel);
    rgba[4 * place + 3] = 255;
  }
  return { width, height, rgba };
}
