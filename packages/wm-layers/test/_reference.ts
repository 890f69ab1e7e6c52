import type { Padding } from '../src/index.js';

/** Shapes of one case; every tensor is a flat row-major array of float64. */
export interface Case {
  kind: 'smoothing' | 'unsharp';
  batch: number;
  height: number;
  width: number;
  inputs: number;
  outputs: number;
  kernelSize: number;
  padding: Padding;
  strides: number | [number, number];
}

export interface Arrays {
  x: Float64Array;
  weightMap: Float64Array;
  bias: Float64Array | null;
}

/** [[top, bottom], [left, right]] by the definition of each word. */
function zerosAround(padding: Padding, k: number): [[number, number], [number, number]] {
  if (padding === 'valid') return zerosAround(0, k);
  if (typeof padding === 'number') return zerosAround([[padding, padding], [padding, padding]], k); // prettier-ignore
  if (padding !== 'same') return padding;
  const before = Math.floor((k - 1) / 2);
  return zerosAround([[before, k - 1 - before], [before, k - 1 - before]], k); // prettier-ignore
}

/**
 * Equations 1 to 4 as the paper writes them, in plain loops: an intermediate map m for every pair of
 * channels, each convolved with a kernel of ones, then summed; every stride-th value kept.
 *
 * @returns the output [batch, Ho, Wo, outputs], and its shape
 */
export function literalLayer(
  c: Case,
  { x, weightMap, bias }: Arrays,
): { shape: number[]; values: Float64Array } {
  const { batch, height, width, inputs, outputs, kernelSize: k } = c;
  const [[top, bottom], [left, right]] = zerosAround(c.padding, k);
  const [down, across] = typeof c.strides === 'number' ? [c.strides, c.strides] : c.strides;
  const rows = Math.ceil((height + top + bottom - k + 1) / down);
  const columns = Math.ceil((width + left + right - k + 1) / across);
  const centre = Math.floor((k - 1) / 2);

  const shape = [batch, rows, columns, outputs];
  const values = new Float64Array(batch * rows * columns * outputs);
  for (let n = 0; n < batch; n++)
    for (let ci = 0; ci < inputs; ci++)
      for (let co = 0; co < outputs; co++) {
        // Equation 1: m = W ⊙ x, here with its zeros around it.
        const m = (i: number, j: number): number => {
          const [row, column] = [i - top, j - left];
          if (row < 0 || row >= height || column < 0 || column >= width) return 0;
          const pixel = row * width + column;
          return (
            weightMap[(pixel * inputs + ci) * outputs + co] * x[(n * height * width + pixel) * inputs + ci]
          );
        };
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            let convolved = 0;
            for (let u = 0; u < k; u++)
              for (let v = 0; v < k; v++) convolved += m(i * down + u, j * across + v);
            const term =
              c.kind === 'smoothing'
                ? convolved // equation 2
                : 2 * m(i * down + centre, j * across + centre) - convolved; // equation 3
            values[((n * rows + i) * columns + j) * outputs + co] += term; // equation 4
          }
      }
  if (bias) for (let i = 0; i < values.length; i++) values[i] += bias[i % bias.length];
  return { shape, values };
}

/** `length` numbers in [−1, 1), the same on every run, exact in float32. */
export function numbers(length: number, seed: number): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 12) - 2 ** 19) / 2 ** 19;
  });
}

/** Made inputs of a case, and the shape of its output. */
export function madeInputs(c: Case, { withBias = true } = {}): { arrays: Required<Arrays>; shape: number[] } {
  const x = numbers(c.batch * c.height * c.width * c.inputs, 1);
  const weightMap = numbers(c.height * c.width * c.inputs * c.outputs, 2);
  const { shape } = literalLayer(c, { x, weightMap, bias: null });
  const bias = withBias ? numbers(shape[1] * shape[2] * shape[3], 3) : null;
  return { arrays: { x, weightMap, bias }, shape };
}
