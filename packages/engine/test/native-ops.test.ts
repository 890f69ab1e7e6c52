import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { availableEngines, compile, sparseSoftmaxCrossEntropy, startEngine } from '../src/index.js';
import { difference } from './_compile-models.js';

const engines = await availableEngines();
// What tfjs itself does, on any engine: taken before one is started.
const composed = {
  Relu: tf.getGradient('Relu'),
  Add: tf.getGradient('Add'),
  batchNorm: Object.getOwnPropertyDescriptor(
    tf.serialization.SerializationMap.getMap().classNameMap.BatchNormalization[0].prototype,
    'call',
  )!,
};

/** Runs `body` with tfjs's own gradients. */
function withComposed<T>(body: () => T): T {
  const ours = [tf.getGradient('Relu'), tf.getGradient('Add')];
  [composed.Relu, composed.Add].forEach((gradient) => tf.registerGradient(gradient));
  try {
    return body();
  } finally {
    ours.forEach((gradient) => tf.registerGradient(gradient));
  }
}

// A layer outside of a model can't be disposed.
const freeWeights = (layer: tf.layers.Layer) => layer.weights.forEach((weight) => weight.read().dispose());
const uniform = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, 'float32', seed);
const close = (actual: tf.Tensor, expected: tf.Tensor) => {
  expect(actual.shape).toEqual(expected.shape);
  expect(difference([...actual.dataSync()], [...expected.dataSync()])).toBeLessThan(1e-5);
};

describe.each(engines)("TensorFlow's own operations on %s", (engine) => {
  beforeAll(async () => {
    await startEngine({ engine });
  });

  it("ReLU's gradient is 1 above 0, and 0 at 0 and below", () => {
    const x = tf.tensor1d([-1, -1e-30, -0, 0, 1e-30, 2]);
    expect([
      ...tf
        .grad((x) => x.relu().mul(3))(x)
        .dataSync(),
    ]).toEqual([0, 0, 0, 0, 3, 3]);
    const values = uniform([5, 7], 1);
    const gradient = tf.grad((x) => x.relu().square());
    close(
      gradient(values),
      withComposed(() => gradient(values)),
    );
    const second = tf.grad((x) =>
      tf
        .grad((x) => x.relu().pow(3))(x)
        .square(),
    );
    close(
      second(values),
      withComposed(() => second(values)),
    );
  });

  it.each([
    [[4, 5, 6, 3], [3]],
    [
      [4, 5, 6, 3],
      [1, 1, 1, 3],
    ],
    [[4, 3], [3]],
    [
      [4, 3],
      [1, 3],
    ],
    [
      [2, 4, 3],
      [4, 3],
    ], // no bias: one for each place
    [
      [2, 4, 3],
      [2, 4, 1],
    ],
    [[3], [3]],
    [[2, 3], []],
    [
      [1, 3],
      [4, 3],
    ],
  ])('bias additions and their gradients, %j + %j', (shape, biasShape) => {
    const [x, bias] = [uniform(shape, 1), uniform(biasShape, 2)];
    const gradients = (dy: tf.Tensor) => tf.grads((x, b) => tf.add(x, b))([x, bias], dy);
    const sum = x.add(bias);
    close(sum, x.sub(bias.neg()));
    const dy = uniform(sum.shape, 3);
    const expected = withComposed(() => gradients(dy));
    gradients(dy).forEach((gradient, i) => close(gradient, expected[i]));
    const second = tf.grad((b) =>
      tf
        .grad((b) => x.add(b).square())(b)
        .square(),
    );
    close(
      second(bias),
      withComposed(() => second(bias)),
    );
  });

  it('softmax cross-entropy by the literal formula, confident logits included', () => {
    const logits = [
      [1, 2, 3],
      [40, -40, 0],
      [-60, 30, 30],
      [0, 0, 0],
    ];
    const labels = [2, 1, 0, 1];
    const z = tf.tensor2d(logits);
    const { value, grad } = tf.valueAndGrad((z) =>
      sparseSoftmaxCrossEntropy(z as tf.Tensor2D, tf.tensor1d(labels, 'int32')),
    )(z);
    const shares = logits.map((row) => {
      const top = Math.max(...row);
      const powers = row.map((logit) => Math.exp(logit - top));
      const total = powers.reduce((a, b) => a + b);
      return { logSum: top + Math.log(total), softmax: powers.map((power) => power / total) };
    });
    const losses = shares.map(({ logSum }, i) => logSum - logits[i][labels[i]]);
    expect(value.dataSync()[0]).toBeCloseTo(losses.reduce((a, b) => a + b) / 4, 4);
    const gradients = shares.flatMap(({ softmax }, i) =>
      softmax.map((share, j) => (share - Number(j === labels[i])) / 4),
    );
    expect(difference([...grad.dataSync()], gradients)).toBeLessThan(1e-6);
  });

  it('batch normalisation in training: output, gradients and moving averages', () => {
    const run = (fused: boolean) => {
      const prototype = tf.serialization.SerializationMap.getMap().classNameMap.BatchNormalization[0]
        .prototype as object;
      const ours = Object.getOwnPropertyDescriptor(prototype, 'call')!;
      if (!fused) Object.defineProperty(prototype, 'call', composed.batchNorm);
      try {
        const layer = tf.layers.batchNormalization({
          momentum: 0.8,
          epsilon: 0.01,
          gammaInitializer: tf.initializers.constant({ value: 1.5 }),
          betaInitializer: tf.initializers.constant({ value: -0.5 }),
        });
        const x = uniform([3, 4, 2, 5], 1);
        const dy = uniform([3, 4, 2, 5], 2);
        layer.build(x.shape);
        const { grads, value } = tf.variableGrads(() =>
          (layer.call(x, { training: true }) as tf.Tensor).mul(dy).sum<tf.Scalar>(),
        );
        const moved = layer.weights.map((weight) => weight.read().clone());
        const dx = tf.grad((x) => (layer.call(x, { training: true }) as tf.Tensor).mul(dy))(x);
        const inference = layer.call(x, { training: false }) as tf.Tensor;
        const results = [value, ...Object.values(grads), ...moved, dx, inference];
        freeWeights(layer);
        return results;
      } finally {
        Object.defineProperty(prototype, 'call', ours);
      }
    };
    const [actual, expected] = [run(true), run(false)];
    expect(actual.length).toBe(9);
    actual.forEach((tensor, i) => close(tensor, expected[i]));
  });

  it('leave no tensor behind', () => {
    const [x, bias, labels] = [
      uniform([4, 3], 1),
      tf.variable(uniform([3], 2)),
      tf.tensor1d([0, 1, 2, 0], 'int32'),
    ];
    const layer = tf.layers.batchNormalization();
    layer.build([4, 2, 2, 3]);
    const before = tf.memory().numTensors;
    const { value, grads } = tf.variableGrads(() => {
      const maps = x.add(bias).relu().reshape([4, 1, 1, 3]).tile([1, 2, 2, 1]);
      const normed = layer.call(maps, { training: true }) as tf.Tensor4D;
      return sparseSoftmaxCrossEntropy(normed.mean([1, 2]), labels);
    });
    tf.dispose([value, grads]);
    expect(tf.memory().numTensors).toBe(before);
    freeWeights(layer);
  });

  it('can be compiled', () => {
    const [w, b] = [tf.variable(uniform([3, 3, 2, 4], 1)), tf.variable(uniform([4], 2))];
    const layer = tf.layers.batchNormalization();
    layer.build([2, 4, 4, 4]);
    const x = uniform([2, 6, 6, 2], 3) as tf.Tensor4D;
    const labels = tf.tensor1d([3, 1], 'int32');
    const gradients = ({ x, labels }: { x: tf.Tensor4D; labels: tf.Tensor1D }) => {
      const { value, grads } = tf.variableGrads(() => {
        const maps = tf
          .conv2d(x, w as tf.Variable<tf.Rank.R4>, 1, 'valid')
          .add(b)
          .relu();
        const normed = layer.call(maps, { training: true }) as tf.Tensor4D;
        return sparseSoftmaxCrossEntropy(normed.mean([1, 2]), labels);
      });
      return [value, ...Object.values(grads)];
    };
    const step = compile(gradients);
    const expected = gradients({ x, labels });
    step({ x, labels }).forEach((tensor, i) => {
      expect(difference([...tensor.dataSync()], [...expected[i].dataSync()])).toBeLessThan(1e-4);
    });
    step.dispose();
    freeWeights(layer);
  });
});
