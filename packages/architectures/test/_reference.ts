/** The networks in plain loops: nothing of TensorFlow, nothing of the package. */

/** Row-major [height, width, channels]. */
export interface Maps {
  size: [height: number, width: number, channels: number];
  values: number[];
}

/** A layer's weights as the model gives them. */
export type Weights = ArrayLike<number>[];

const at = ({ size: [height, width, channels], values }: Maps, y: number, x: number, c: number) =>
  y < 0 || x < 0 || y >= height || x >= width ? 0 : values[(y * width + x) * channels + c];

function maps(
  height: number,
  width: number,
  channels: number,
  value: (y: number, x: number, c: number) => number,
): Maps {
  const values: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) for (let c = 0; c < channels; c++) values.push(value(y, x, c));
  return { size: [height, width, channels], values };
}

/** Σ over a k×k window that begins `border` above and left of (y, x). */
function windowSum(
  k: number,
  border: number,
  y: number,
  x: number,
  term: (v: number, u: number, i: number, j: number) => number,
) {
  let sum = 0;
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) sum += term(y + i - border, x + j - border, i, j);
  return sum;
}

/** Sides of what a window with such a border gives when every `stride`-th position is kept, from the first on. */
const outputSides = ([height, width]: Maps['size'], k: number, border: number, stride: number) =>
  [height, width].map((side) => Math.ceil((side + 2 * border - k + 1) / stride));

export function convolution(
  input: Maps,
  [kernel, bias]: Weights,
  k: number,
  border: number,
  stride = 1,
): Maps {
  const ci = input.size[2];
  const [outHeight, outWidth] = outputSides(input.size, k, border, stride);
  const co = bias.length;
  return maps(outHeight, outWidth, co, (y, x, o) => {
    let sum = bias[o];
    for (let c = 0; c < ci; c++)
      sum += windowSum(
        k,
        border,
        y * stride,
        x * stride,
        (v, u, i, j) => at(input, v, u, c) * kernel[((i * k + j) * ci + c) * co + o],
      );
    return sum;
  });
}

/** Equations 1–4 as the paper writes them: per input channel, then summed. */
export function weightMap(
  kind: 'smoothing' | 'unsharp',
  input: Maps,
  [map, bias]: Weights,
  k: number,
  border: number,
  stride = 1,
): Maps {
  const [, width, ci] = input.size;
  const [outHeight, outWidth] = outputSides(input.size, k, border, stride);
  const co = bias.length / (outHeight * outWidth);
  return maps(outHeight, outWidth, co, (y, x, o) => {
    let sum = bias[(y * outWidth + x) * co + o];
    for (let c = 0; c < ci; c++) {
      const m = (v: number, u: number) => {
        const pixel = at(input, v, u, c);
        return pixel === 0 ? 0 : pixel * map[((v * width + u) * ci + c) * co + o];
      };
      const box = windowSum(k, border, y * stride, x * stride, m);
      sum += kind === 'smoothing' ? box : 2 * m(y * stride, x * stride) - box;
    }
    return sum;
  });
}

export const scale = (input: Maps, [map]: Weights): Maps => ({
  ...input,
  values: input.values.map((value, i) => value * map[i]),
});

/** In inference mode. */
export const batchNorm = (input: Maps, [gamma, beta, mean, variance]: Weights): Maps =>
  maps(
    ...input.size,
    (y, x, c) => ((at(input, y, x, c) - mean[c]) / Math.sqrt(variance[c] + 1e-5)) * gamma[c] + beta[c],
  );

export const relu = (input: Maps): Maps => ({
  ...input,
  values: input.values.map((value) => Math.max(0, value)),
});

export const add = (a: Maps, b: Maps): Maps => maps(...a.size, (y, x, c) => at(a, y, x, c) + at(b, y, x, c));

/** The channels of `b` behind those of `a`. */
export const concatenate = (a: Maps, b: Maps): Maps => {
  const [height, width, channels] = a.size;
  return maps(height, width, channels + b.size[2], (y, x, c) =>
    c < channels ? at(a, y, x, c) : at(b, y, x, c - channels),
  );
};

/** The largest of each 2×2 pixels; an odd row or column is left out. */
export const maxPool = (input: Maps): Maps => {
  const [height, width, channels] = input.size;
  return maps(Math.floor(height / 2), Math.floor(width / 2), channels, (y, x, c) =>
    Math.max(...[0, 1].flatMap((i) => [at(input, 2 * y + i, 2 * x, c), at(input, 2 * y + i, 2 * x + 1, c)])),
  );
};

/** The mean of each channel. */
export const globalAverage = (input: Maps): number[] => {
  const [height, width, channels] = input.size;
  return Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) sum += at(input, y, x, c);
    return sum / (height * width);
  });
};

export const dense = (input: number[], [kernel, bias]: Weights): number[] =>
  Array.from(bias, (b, o) => input.reduce((sum, value, i) => sum + value * kernel[i * bias.length + o], b));
