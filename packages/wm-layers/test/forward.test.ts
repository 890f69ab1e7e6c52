import * as tf from '@tensorflow/tfjs';
import { describeEachEngine, expectNoLeak } from '@weightmap/test-utils';
import { expect, it } from 'vitest';
import { smoothing, unsharp, weightMapOutputSize, type Padding } from '../src/index.js';
import { literalLayer, madeInputs, type Case } from './_reference.js';

const kinds = ['smoothing', 'unsharp'] as const;
const paddings: Padding[] = ['valid', 'same', 1, 10, [[0, 3], [2, 1]], [[12, 0], [0, 11]]]; // prettier-ignore
const strides: Case['strides'][] = [1, 2, [2, 3]];
const sizes = [
  { batch: 1, height: 9, width: 11, inputs: 2, outputs: 3 },
  { batch: 3, height: 10, width: 9, inputs: 3, outputs: 1 },
];

function run(c: Case, { withBias = true } = {}): void {
  const { arrays } = madeInputs(c, { withBias });
  const expected = literalLayer(c, arrays);
  tf.tidy(() => {
    const x = tf.tensor4d(Float32Array.from(arrays.x), [c.batch, c.height, c.width, c.inputs]);
    const weightMap = tf.tensor4d(Float32Array.from(arrays.weightMap), [
      c.height,
      c.width,
      c.inputs,
      c.outputs,
    ]);
    const [, rows, columns, outputs] = expected.shape;
    const bias = arrays.bias ? tf.tensor3d(Float32Array.from(arrays.bias), [rows, columns, outputs]) : null;
    const layer = c.kind === 'smoothing' ? smoothing : unsharp;
    const output = expectNoLeakSync(() => layer(x, weightMap, bias, c));
    const label = JSON.stringify(c);
    expect(output.shape, label).toEqual(expected.shape);
    expect(weightMapOutputSize([c.height, c.width], c), label).toEqual([rows, columns]);
    expect(output, label).toBeAllclose(expected.values, 1e-5);
  });
}

/** The result, and nothing else, is new. */
function expectNoLeakSync<T>(body: () => T): T {
  const before = tf.memory().numTensors;
  const result = body();
  expect(tf.memory().numTensors - before).toBe(1);
  return result;
}

await describeEachEngine('forward', () => {
  for (const kind of kinds)
    for (let kernelSize = 1; kernelSize <= 9; kernelSize++)
      it(`${kind} k=${kernelSize} equals the literal formula for all paddings, strides and sizes`, () => {
        for (const padding of paddings)
          for (const stride of strides)
            for (const size of sizes) run({ kind, kernelSize, padding, strides: stride, ...size });
      });

  it('works without a bias, on a single pixel, and on one channel', () => {
    const single = { batch: 1, height: 1, width: 1, inputs: 1, outputs: 1, strides: 1 } as const;
    for (const kind of kinds) {
      run({ kind, kernelSize: 3, padding: 'same', ...single }, { withBias: false });
      run({ kind, kernelSize: 1, padding: 'valid', ...single }, { withBias: false });
      // The centre lies wholly in the padding.
      run({ kind, kernelSize: 3, padding: [[0, 2], [2, 0]], ...single }); // prettier-ignore
    }
  });

  it('keeps nothing but its result', async () => {
    const { arrays } = madeInputs({
      kind: 'unsharp',
      kernelSize: 3,
      padding: 'valid',
      strides: 2,
      ...sizes[0],
    });
    const x = tf.tensor4d(Float32Array.from(arrays.x), [1, 9, 11, 2]);
    const w = tf.tensor4d(Float32Array.from(arrays.weightMap), [9, 11, 2, 3]);
    await expectNoLeak(() => unsharp(x, w, null, { strides: 2, padding: 'valid' }).dispose());
    tf.dispose([x, w]);
  });
});

it('has the defaults of the paper: smoothing valid, unsharp same, k = 3', () => {
  tf.tidy(() => {
    const [x, w] = [tf.ones<tf.Rank.R4>([1, 5, 6, 1]), tf.ones<tf.Rank.R4>([5, 6, 1, 1])];
    expect(smoothing(x, w).shape).toEqual([1, 3, 4, 1]);
    expect(unsharp(x, w).shape).toEqual([1, 5, 6, 1]);
    // By hand: 9 ones; 2 − 9 inside, 2 − 4 in the corner.
    expect(smoothing(x, w).dataSync()[0]).toBeCloseTo(9, 5);
    expect(unsharp(x, w).dataSync()[0]).toBeCloseTo(-2, 5);
    expect(unsharp(x, w).dataSync()[7]).toBeCloseTo(-7, 5);
  });
});
