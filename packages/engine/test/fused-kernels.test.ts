import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../src/index.js';
import { nativeProblem } from '../src/_native.js';

interface Case {
  batch: number;
  size: [number, number];
  inputs: number;
  outputs: number;
  kernelSize: number;
  /** [top, bottom, left, right] */
  padding: [number, number, number, number];
  strides: [number, number];
  relu: boolean;
  biased: boolean;
}

const usual: Case = {
  batch: 3,
  size: [6, 5],
  inputs: 5,
  outputs: 8,
  kernelSize: 3,
  padding: [0, 0, 0, 0],
  strides: [1, 1],
  relu: false,
  biased: true,
};
const cases: Case[] = [
  usual,
  { ...usual, relu: true },
  { ...usual, inputs: 1, outputs: 33, relu: true }, // an image: no gradient of x is computed ahead
  { ...usual, inputs: 33, outputs: 3, padding: [1, 1, 1, 1], biased: false },
  { ...usual, kernelSize: 4, padding: [1, 2, 0, 3], strides: [2, 3], relu: true },
  { ...usual, kernelSize: 9, padding: [4, 4, 4, 4], biased: false, relu: true }, // larger than the image
  { ...usual, kernelSize: 2, padding: [4, 0, 0, 5] }, // windows wholly in the padding
  { ...usual, kernelSize: 1, strides: [2, 2], batch: 1 },
  { ...usual, batch: 70, size: [3, 4], padding: [1, 1, 1, 1], relu: true }, // more images than the kernels take at once
];

const kernels = { smoothing: 'SmoothingWeightMap', unsharp: 'UnsharpWeightMap' } as const;
type Kind = keyof typeof kernels;
interface Arrays {
  x: Float32Array;
  weightMap: Float32Array;
  bias: Float32Array;
  dy: Float32Array;
}

/** Numbers in [−1, 1), the same on every run. */
const numbers = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * (seed + 0.37)) * 0.99);

const outputSize = ({
  size: [h, w],
  kernelSize: k,
  padding: [t, b, l, r],
  strides,
}: Case): [number, number] => [
  Math.ceil((h + t + b - k + 1) / strides[0]),
  Math.ceil((w + l + r - k + 1) / strides[1]),
];

function arraysOf(c: Case): Arrays {
  const [rows, columns] = outputSize(c);
  const pixels = c.size[0] * c.size[1];
  return {
    x: numbers(c.batch * pixels * c.inputs, 1),
    weightMap: numbers(pixels * c.inputs * c.outputs, 2),
    bias: numbers(c.biased ? rows * columns * c.outputs : 0, 3),
    dy: numbers(c.batch * rows * columns * c.outputs, 4),
  };
}

/** Output and gradients from the definition, term by term in float64. */
function literal(kind: Kind, c: Case, { x, weightMap, bias, dy }: Arrays) {
  const [rows, columns] = outputSize(c);
  const [height, width] = c.size;
  const k = c.kernelSize;
  const centre = Math.floor((k - 1) / 2);
  const eachTerm = (visit: (factor: number, xAt: number, wAt: number, yAt: number) => void) => {
    for (let b = 0; b < c.batch; b++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let u = 0; u < k; u++)
            for (let v = 0; v < k; v++) {
              const row = i * c.strides[0] + u - c.padding[0];
              const column = j * c.strides[1] + v - c.padding[2];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const factor = kind === 'smoothing' ? 1 : u === centre && v === centre ? 2 - 1 : -1;
              const pixel = row * width + column;
              for (let ci = 0; ci < c.inputs; ci++)
                for (let co = 0; co < c.outputs; co++)
                  visit(
                    factor,
                    (b * height * width + pixel) * c.inputs + ci,
                    (pixel * c.inputs + ci) * c.outputs + co,
                    ((b * rows + i) * columns + j) * c.outputs + co,
                  );
            }
  };
  const image = rows * columns * c.outputs;
  const y = Float64Array.from(dy, (_, i) => (c.biased ? bias[i % image] : 0));
  eachTerm((factor, xAt, wAt, yAt) => (y[yAt] += factor * x[xAt] * weightMap[wAt]));
  const through = Float64Array.from(dy, (value, i) => (c.relu && y[i] <= 0 ? 0 : value));
  const dx = new Float64Array(x.length);
  const dWeightMap = new Float64Array(weightMap.length);
  const dBias = new Float64Array(bias.length);
  eachTerm((factor, xAt, wAt, yAt) => {
    dx[xAt] += factor * weightMap[wAt] * through[yAt];
    dWeightMap[wAt] += factor * x[xAt] * through[yAt];
  });
  if (c.biased) through.forEach((value, i) => (dBias[i % image] += value));
  return { y: c.relu ? y.map((value) => Math.max(value, 0)) : y, dx, dWeightMap, dBias };
}

const tensorsOf = (c: Case, { x, weightMap, bias, dy }: Arrays) => {
  const [rows, columns] = outputSize(c);
  return {
    x: tf.tensor(x, [c.batch, ...c.size, c.inputs]),
    weightMap: tf.tensor(weightMap, [...c.size, c.inputs, c.outputs]),
    bias: c.biased ? tf.tensor(bias, [rows, columns, c.outputs]) : null,
    dy: tf.tensor(dy, [c.batch, rows, columns, c.outputs]),
  };
};

const layer = (
  kind: Kind,
  c: Case,
  x: tf.Tensor,
  weightMap: tf.Tensor,
  bias: tf.Tensor | null,
): tf.Tensor => {
  const { kernelSize, padding, strides, relu } = c;
  return tf
    .engine()
    .runKernel(
      kernels[kind],
      { weightMap, ...(bias && { bias }), x },
      { kernelSize, padding, strides, relu },
    );
};

function expectClose(actual: tf.Tensor, expected: Float64Array): void {
  const values = actual.dataSync();
  expect(values.length).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i])), 0);
  expect(worst).toBeLessThanOrEqual(1e-5 * scale);
}

/** The weight map kernels that a computation runs. */
async function kernelsOf(body: () => tf.Tensor[]): Promise<string[]> {
  let results: tf.Tensor[] = [];
  const { kernelNames } = await tf.profile(() => (results = tf.tidy(body)));
  tf.dispose(results);
  return [...new Set(kernelNames)].filter((name) => name.startsWith('WeightMapBackward')).sort();
}

const engine = nativeProblem() ? null : await startEngine({ engine: 'native' });

describe.runIf(engine?.kernels?.startsWith('fused'))('fused kernels', () => {
  beforeAll(async () => {
    await startEngine({ engine: 'native' });
  });

  for (const kind of ['smoothing', 'unsharp'] as const) {
    for (const c of cases)
      it(`${kind} equals the definition, forward and backward: ${JSON.stringify(c)}`, () => {
        const arrays = arraysOf(c);
        const expected = literal(kind, c, arrays);
        const tensors = tf.memory().numTensors;
        tf.tidy(() => {
          const { x, weightMap, bias, dy } = tensorsOf(c, arrays);
          expectClose(layer(kind, c, x, weightMap, bias), expected.y);
          const run = (x: tf.Tensor, weightMap: tf.Tensor, bias?: tf.Tensor) =>
            layer(kind, c, x, weightMap, bias ?? null);
          const [dx, dWeightMap, dBias] = bias
            ? tf.grads(run)([x, weightMap, bias], dy)
            : tf.grads(run)([x, weightMap], dy);
          expectClose(dx, expected.dx);
          expectClose(dWeightMap, expected.dWeightMap);
          if (bias) expectClose(dBias, expected.dBias);
        });
        expect(tf.memory().numTensors).toBe(tensors);
      });

    it(`${kind} has the same second derivatives as with ReLU composed`, () => {
      const c = { ...usual, relu: true };
      tf.tidy(() => {
        const { x, weightMap, bias, dy } = tensorsOf(c, arraysOf(c));
        const penalty = (relu: boolean) => (x: tf.Tensor, weightMap: tf.Tensor) => {
          const output = (x: tf.Tensor, weightMap: tf.Tensor) =>
            relu
              ? layer(kind, c, x, weightMap, bias)
              : tf.relu(layer(kind, { ...c, relu: false }, x, weightMap, bias));
          const [dx, dWeightMap] = tf.grads(output)([x, weightMap], dy);
          return tf.add(dx.square().sum(), dWeightMap.square().sum());
        };
        const [fused, composed] = [true, false].map((relu) => tf.grads(penalty(relu))([x, weightMap]));
        fused.forEach((gradient, i) => expectClose(gradient, Float64Array.from(composed[i].dataSync())));
      });
    });
  }

  it('computes no gradient that nobody wants', async () => {
    const { x, weightMap, bias, dy } = tensorsOf(usual, arraysOf(usual));
    const run = (x: tf.Tensor, weightMap: tf.Tensor) => layer('smoothing', usual, x, weightMap, bias);
    const attack = await kernelsOf(() => [tf.grad((x) => run(x, weightMap))(x, dy)]);
    expect(attack).toEqual(['WeightMapBackwardInput']);
    const training = await kernelsOf(() => tf.grads(run)([x, weightMap], dy));
    expect(training).toEqual(['WeightMapBackward']);

    const image = { ...usual, inputs: 1 };
    const first = tensorsOf(image, arraysOf(image));
    const firstLayer = await kernelsOf(() => [
      tf.grad((weightMap) => layer('smoothing', image, first.x, weightMap, first.bias))(
        first.weightMap,
        first.dy,
      ),
    ]);
    expect(firstLayer).toEqual(['WeightMapBackwardWeights']);
    tf.dispose([x, weightMap, bias!, dy, Object.values(first) as tf.Tensor[]]);
  });

  it('gives zeros for no images', () => {
    const c = { ...usual, batch: 0 };
    tf.tidy(() => {
      const { x, weightMap, bias, dy } = tensorsOf(c, arraysOf(c));
      expect(layer('smoothing', c, x, weightMap, bias).shape).toEqual([0, 4, 3, 8]);
      const [dx, dWeightMap, dBias] = tf.grads((x, w, b) => layer('smoothing', c, x, w, b))(
        [x, weightMap, bias!],
        dy,
      );
      expect(dx.shape).toEqual(x.shape);
      for (const gradient of [dWeightMap, dBias]) expect(gradient.abs().sum().dataSync()[0]).toBe(0);
    });
  });

  it('lets NaN through, so that a failing training shows', () => {
    tf.tidy(() => {
      const c = { ...usual, relu: true };
      const { weightMap, bias } = tensorsOf(c, arraysOf(c));
      const y = layer('smoothing', c, tf.fill([c.batch, ...c.size, c.inputs], NaN), weightMap, bias);
      expect(y.dataSync().every(Number.isNaN)).toBe(true);
    });
  });

  it('refuses tensors that do not fit together', () => {
    tf.tidy(() => {
      const { x, weightMap, bias } = tensorsOf(usual, arraysOf(usual));
      const wide = tf.zeros([9, 9, usual.inputs, usual.outputs]);
      expect(() => layer('smoothing', usual, x, wide, bias)).toThrow('expected weights [H, W, Ci, Co]');
      expect(() => layer('smoothing', usual, x, weightMap, tf.zeros([1, 1, 8]))).toThrow('expected bias');
      expect(() => layer('smoothing', { ...usual, kernelSize: 7 }, x, weightMap, bias)).toThrow(
        'no larger than',
      );
    });
  });
});
