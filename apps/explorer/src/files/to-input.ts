import type { ShownBenchmark } from '@weightmap/core';

/** A decoded picture, upright. */
export interface Decoded {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity of each pixel, row by row, 0…255. */
  readonly rgba: Uint8ClampedArray;
}

/** A picture as an input of networks, and what was done to it, a clause each. */
export interface Prepared {
  /** [height, width, channels], in [0, 1]. */
  readonly pixels: Float32Array;
  readonly steps: readonly string[];
}

/**
 * Makes an input of a picture as the datasets do it: shrunk to the size of their images without keeping its proportions, and for one
 * channel its luminance. A smaller picture is enlarged by the same kernel. Pictures of digits that are dark on light are inverted, since digits are light on dark.
 */
export function toInput(
  picture: Decoded,
  { height, width, channels }: Pick<ShownBenchmark, 'height' | 'width' | 'channels'>,
  { isDigit = false }: { readonly isDigit?: boolean } = {},
): Prepared {
  const steps = ['turned upright as its file says'];
  const { planes, isTransparent } = onWhite(picture);
  if (isTransparent) steps.push('laid on white, since parts are transparent');
  const isSame = picture.width === width && picture.height === height;
  const keeps = picture.width * height === picture.height * width;
  if (!isSame)
    steps.push(
      `resized from ${picture.width} × ${picture.height} to ${width} × ${height} pixels${keeps ? '' : ', without keeping its proportions'}`,
    );
  const resized = planes.map((plane) =>
    isSame ? plane : resize(plane, { width: picture.width, height: picture.height }, { width, height }),
  );
  if (channels !== 1) {
    const pixels = new Float32Array(height * width * channels);
    resized.forEach((plane, channel) =>
      plane.forEach((value, i) => (pixels[i * channels + channel] = value)),
    );
    return { pixels, steps };
  }
  if (!isGray(planes)) steps.push('turned gray by its luminance');
  const gray = luminance(resized);
  if (!isDigit || edgeMean(gray, height, width) <= 0.5) return { pixels: gray, steps };
  steps.push('inverted, since it is dark on light and the digits are light on dark');
  return { pixels: gray.map((value) => 1 - value), steps };
}

/** Red, green and blue in [0, 1], on a white ground. */
function onWhite({ width, height, rgba }: Decoded) {
  const planes = [0, 1, 2].map(() => new Float32Array(width * height));
  let isTransparent = false;
  for (let i = 0; i < width * height; i++) {
    const opacity = rgba[4 * i + 3] / 255;
    if (opacity < 1) isTransparent = true;
    for (let c = 0; c < 3; c++) planes[c][i] = (opacity * rgba[4 * i + c]) / 255 + (1 - opacity);
  }
  return { planes, isTransparent };
}

const isGray = ([red, green, blue]: readonly Float32Array[]): boolean =>
  red.every((value, i) => value === green[i] && value === blue[i]);

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Lanczos resampling of three lobes, clipped to [0, 1]; when shrinking the kernel is as much wider, so that nothing is skipped. */
export function resize(plane: Float32Array, from: Size, to: Size): Float32Array {
  const columns = weightsOf(from.width, to.width);
  const rows = weightsOf(from.height, to.height);
  const narrow = new Float32Array(to.width * from.height);
  for (let y = 0; y < from.height; y++)
    columns.forEach(({ start, weights }, x) => {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * plane[y * from.width + start + i];
      narrow[y * to.width + x] = sum;
    });
  const result = new Float32Array(to.width * to.height);
  rows.forEach(({ start, weights }, y) => {
    for (let x = 0; x < to.width; x++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * narrow[(start + i) * to.width + x];
      result[y * to.width + x] = Math.min(Math.max(sum, 0), 1);
    }
  });
  return result;
}

const LOBES = 3;

const lanczos = (x: number): number =>
  x === 0
    ? 1
    : Math.abs(x) >= LOBES
      ? 0
      : (LOBES * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / LOBES)) / (Math.PI * x) ** 2;

/** For each new pixel: the old ones that it is made of, with weights of sum 1. */
function weightsOf(from: number, to: number): { start: number; weights: number[] }[] {
  const scale = from / to;
  const wide = Math.max(scale, 1);
  return Array.from({ length: to }, (_, place) => {
    const centre = (place + 0.5) * scale - 0.5;
    const start = Math.max(0, Math.ceil(centre - LOBES * wide));
    const end = Math.min(from - 1, Math.floor(centre + LOBES * wide));
    const raw = Array.from({ length: end - start + 1 }, (__, i) => lanczos((start + i - centre) / wide));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { start, weights: raw.map((weight) => weight / sum) };
  });
}

/** Luminance of sRGB: computed of linear light, and encoded again. */
function luminance([red, green, blue]: readonly Float32Array[]): Float32Array {
  return red.map((value, i) =>
    value === green[i] && value === blue[i]
      ? value
      : encoded(0.2126 * linear(value) + 0.7152 * linear(green[i]) + 0.0722 * linear(blue[i])),
  );
}

const linear = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const encoded = (light: number): number =>
  light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;

/** The mean of the outermost pixels. */
function edgeMean(gray: Float32Array, height: number, width: number): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < gray.length; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    if (y > 0 && x > 0 && y < height - 1 && x < width - 1) continue;
    sum += gray[i];
    count++;
  }
  return sum / count;
}
