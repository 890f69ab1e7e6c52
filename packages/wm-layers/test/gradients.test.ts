import * as tf from '@tensorflow/tfjs';
import { describeEachEngine, expectNoLeak } from '@weightmap/test-utils';
import { expect, it } from 'vitest';
import { smoothing, unsharp, type Padding } from '../src/index.js';
import { literalLayer, madeInputs, numbers, type Arrays, type Case } from './_reference.js';

const size = { batch: 2, height: 5, width: 4, inputs: 2, outputs: 3 };
const windows: { kernelSize: number; padding: Padding; strides: Case['strides'] }[] = [
  { kernelSize: 1, padding: 'valid', strides: 1 },
  { kernelSize: 1, padding: 'same', strides: [2, 3] },
  { kernelSize: 2, padding: 'same', strides: 1 },
  { kernelSize: 3, padding: 'valid', strides: 1 },
  { kernelSize: 3, padding: 'same', strides: 2 },
  { kernelSize: 3, padding: [[0, 4], [5, 1]], strides: [2, 3] }, // prettier-ignore
  { kernelSize: 4, padding: 'valid', strides: 1 },
  { kernelSize: 4, padding: 1, strides: 2 },
  { kernelSize: 7, padding: 'same', strides: [3, 2] },
  { kernelSize: 8, padding: 3, strides: 1 },
  { kernelSize: 9, padding: 'same', strides: 1 },
];

/**
 * d⟨output, dy⟩ / d`name` by central differences of the literal formula. It is linear in each argument,
 * so the differences carry no truncation error whatever the step, and float64 leaves about 1e-15.
 */
function numericalGradient(c: Case, arrays: Arrays, name: keyof Arrays, dy: Float64Array): Float64Array {
  const along = (index: number, step: number): number => {
    const moved = Float64Array.from(arrays[name]!);
    moved[index] += step;
    const { values } = literalLayer(c, { ...arrays, [name]: moved });
    return values.reduce((sum, value, i) => sum + value * dy[i], 0);
  };
  return arrays[name]!.map((_, index) => (along(index, 1) - along(index, -1)) / 2);
}

const tensorsOf = (c: Case, arrays: Arrays, shape: number[]) => ({
  x: tf.tensor4d(Float32Array.from(arrays.x), [c.batch, c.height, c.width, c.inputs]),
  weightMap: tf.tensor4d(Float32Array.from(arrays.weightMap), [c.height, c.width, c.inputs, c.outputs]),
  bias: tf.tensor3d(Float32Array.from(arrays.bias!), shape.slice(1) as [number, number, number]),
});

const expectedOf = new Map<string, { dy: Float64Array; gradients: Record<keyof Arrays, Float64Array> }>();

/** Computed once a case: the same for every engine. */
function expected(c: Case, arrays: Arrays, shape: number[]) {
  const key = JSON.stringify(c);
  const known = expectedOf.get(key);
  if (known) return known;
  const dy = numbers(
    shape.reduce((a, b) => a * b),
    4,
  );
  const gradient = (name: keyof Arrays) => numericalGradient(c, arrays, name, dy);
  const result = {
    dy,
    gradients: { x: gradient('x'), weightMap: gradient('weightMap'), bias: gradient('bias') },
  };
  expectedOf.set(key, result);
  return result;
}

await describeEachEngine('gradients', () => {
  for (const kind of ['smoothing', 'unsharp'] as const) {
    const layer = kind === 'smoothing' ? smoothing : unsharp;
    for (const window of windows)
      it(`${kind} ${JSON.stringify(window)} equals numerical differentiation`, async () => {
        const c: Case = { kind, ...size, ...window };
        const { arrays, shape } = madeInputs(c);
        const { dy, gradients } = expected(c, arrays, shape);
        await expectNoLeak(() =>
          tf.tidy(() => {
            const { x, weightMap, bias } = tensorsOf(c, arrays, shape);
            const [dx, dWeightMap, dBias] = tf.grads((x, weightMap, bias) =>
              layer(x as tf.Tensor4D, weightMap as tf.Tensor4D, bias as tf.Tensor3D, window),
            )([x, weightMap, bias], tf.tensor(Float32Array.from(dy), shape));
            expect(dx.shape).toEqual(x.shape);
            expect(dWeightMap.shape).toEqual(weightMap.shape);
            expect(dBias.shape).toEqual(bias.shape);
            expect(dx).toBeAllclose(gradients.x, 1e-5);
            expect(dWeightMap).toBeAllclose(gradients.weightMap, 1e-5);
            expect(dBias).toBeAllclose(gradients.bias, 1e-5);
          }),
        );
      });

    it(`${kind} has second derivatives: the map's gradient is itself linear in x`, () => {
      const c: Case = { kind, ...size, kernelSize: 3, padding: 'same', strides: 2 };
      const { arrays, shape } = madeInputs(c);
      tf.tidy(() => {
        const { x, weightMap } = tensorsOf(c, arrays, shape);
        const direction = tf.tensor4d(Float32Array.from(numbers(weightMap.size, 5)), weightMap.shape);
        const dy = tf.tensor4d(
          Float32Array.from(
            numbers(
              shape.reduce((a, b) => a * b),
              6,
            ),
          ),
          shape as never,
        );
        const output = (x: tf.Tensor, w: tf.Tensor) =>
          layer(x as tf.Tensor4D, w as tf.Tensor4D, null, c)
            .mul(dy)
            .sum();
        // ⟨∂⟨o(x, W), dy⟩/∂W, direction⟩ = ⟨o(x, direction), dy⟩, so both have the same gradient in x.
        const mixed = tf.grad((x) =>
          tf
            .grad((w) => output(x, w))(weightMap)
            .mul(direction)
            .sum(),
        )(x);
        expect(mixed).toBeAllclose(tf.grad((x) => output(x, direction))(x), 1e-5);
      });
    });
  }
});
