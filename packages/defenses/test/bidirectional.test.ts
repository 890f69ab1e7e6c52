import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { sigmoidCrossEntropy, transposed } from '../src/_transposed.js';
import { bidirectionalLearning, hybridAdversarial } from '../src/index.js';
import { tinyChain, tinyImages, tinyModel, tinySpec } from './_tiny.js';

useEngine('cpu');

const numbers = (x: tf.Tensor) => [...x.dataSync()];
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const same = (x: tf.Tensor) => x;

/** A network without activations: a linear function, but for the biases. */
const linear = (...layers: tf.layers.Layer[]) =>
  tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [7, 6, 2] }),
      ...layers,
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, useBias: false }),
    ],
  });

describe('a transposed network', () => {
  it.each([
    ['convolutions', () => linear(tf.layers.conv2d({ filters: 3, kernelSize: 3, useBias: false }))],
    [
      'convolutions with strides, and padding',
      () =>
        linear(
          tf.layers.zeroPadding2d({ padding: 2 }),
          tf.layers.conv2d({ filters: 3, kernelSize: 4, strides: 2, padding: 'same', useBias: false }),
          tf.layers.conv2d({ filters: 2, kernelSize: 3, useBias: false }),
        ),
    ],
  ])('is the adjoint: ⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩, with %s', (_, made) => {
    const model = made();
    const back = transposed(model);
    tf.tidy(() => {
      const [x, y] = [random([2, 7, 6, 2], 1), random([2, 3], 2) as tf.Tensor2D];
      const [forth] = numbers((model.apply(x) as tf.Tensor).mul(y).sum());
      const [returned] = numbers(back.images(y, same).mul(x).sum());
      expect(returned / forth).toBeCloseTo(1, 4);
    });
    tf.dispose([...back.biases]);
    model.dispose();
  });

  it('repeats values where there was max pooling, and adds its own biases', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.maxPooling2d({ inputShape: [5, 4, 1], poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 4 }),
      ],
    });
    const back = transposed(model);
    tf.tidy(() => {
      model.layers[2].setWeights([tf.eye(4), tf.zeros([4])]);
      back.biases[0].assign(tf.tensor1d([10, 20, 30, 40]));
      const rows = [
        [11, 11, 22, 22],
        [11, 11, 22, 22],
        [33, 33, 44, 44],
        [33, 33, 44, 44],
        [0, 0, 0, 0],
      ];
      expect(numbers(back.images(tf.tensor2d([[1, 2, 3, 4]]), same))).toEqual(rows.flat());
    });
    tf.dispose([...back.biases]);
    model.dispose();
  });

  it('refuses branches, and layers without a way back, by their names', () => {
    const images = tf.input({ shape: [8, 8, 1] });
    const first = tf.layers.flatten({ name: 'flat' }).apply(images) as tf.SymbolicTensor;
    const dense = () => tf.layers.dense({ units: 3 }).apply(first) as tf.SymbolicTensor;
    const branched = tf.model({
      inputs: images,
      outputs: tf.layers.add({ name: 'joined' }).apply([dense(), dense()]) as tf.SymbolicTensor,
    });
    expect(() => transposed(branched)).toThrow(/layer of the class Add/);
    const pooled = linear(tf.layers.averagePooling2d({ name: 'mean', poolSize: 2 }));
    expect(() => transposed(pooled)).toThrow(/layer of the class AveragePooling2D/);
    for (const model of [branched, pooled]) model.dispose();
  });
});

it('the cross-entropy of a sigmoid is that of its probabilities', () => {
  tf.tidy(() => {
    const [z, p] = [
      [-3, 0.5, 100, -100],
      [0.2, 0.7, 1, 0.5],
    ];
    const s = z.map((value) => 1 / (1 + Math.exp(-value)));
    const each = s.slice(0, 2).map((v, i) => -p[i] * Math.log(v) - (1 - p[i]) * Math.log(1 - v));
    const expected = (each[0] + each[1] + 0 + 50) / 4;
    expect(numbers(sigmoidCrossEntropy(tf.tensor1d(z), tf.tensor1d(p)))[0]).toBeCloseTo(expected, 4);
  });
});

const batch = () => tensorsOf(tinyImages(4, 9));

describe('bidirectional learning', () => {
  it('adds the cross-entropy of the images that the labels generate', () => {
    const model = tinyChain(3);
    const options = bidirectionalLearning.parse({ weight: 2 });
    const { auxiliary, ...objective } = bidirectionalLearning.objective!({
      ...{ options, spec: tinySpec, seed: 1, teachers: [], model },
    })!;
    tf.tidy(() => {
      auxiliary!.forEach((bias, i) => bias.assign(random(bias.shape, i)));
      const { images, labels } = batch();
      const frozen = asClassifier(model);
      const net = { frozen, crossEntropy, logits: (x: tf.Tensor4D) => frozen.logits(x) };
      const [dense] = model.layers.at(-1)!.getWeights();
      const [kernel] = model.layers[0].getWeights();
      const hidden = tf.oneHot(labels, 3).cast('float32').matMul(dense, false, true).add(auxiliary![0]);
      const maps = hidden.relu().reshape([4, 4, 1, 4, 1, 3]).tile([1, 1, 2, 1, 2, 1]).reshape([4, 8, 8, 3]);
      const made = tf.conv2dTranspose(maps as tf.Tensor4D, kernel as tf.Tensor4D, [4, 8, 8, 1], 1, 'same');
      const generated = sigmoidCrossEntropy(made.add(auxiliary![1]), images);
      const expected = crossEntropy(frozen.logits(images), labels).add(generated.mul(2));
      const found = objective.loss(net, { images, labels }, {});
      expect(numbers(found)[0]).toBeCloseTo(numbers(expected)[0], 4);
    });
    tf.dispose([...auxiliary!]);
    model.dispose();
  });
});

describe('a hybrid adversarial network', () => {
  it('moves the generator towards what the discriminator takes for real, and the discriminator away', () => {
    const model = tinyModel(3);
    const options = hybridAdversarial.parse({ channels: 2 });
    const { auxiliary, ...objective } = hybridAdversarial.objective!({
      ...{ options, spec: tinySpec, seed: 1, teachers: [], model },
    })!;
    const judge = auxiliary!.slice(-6);
    tf.tidy(() => {
      for (const variable of judge) variable.assign(variable.mul(20)); // so that it can tell
      const { images, labels } = batch();
      const frozen = asClassifier(model);
      const net = { frozen, crossEntropy, logits: (x: tf.Tensor4D) => frozen.logits(x) };
      const step = { shape: [4, 8, 8, 1], epoch: 1, step: 0, steps: 1 } as const;
      const codes = objective.draws!.codes(step, randomStream(1, 'codes')) as tf.Tensor;
      const loss = () => objective.loss(net, { images, labels }, { codes });
      const kernels = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const { grads } = tf.variableGrads(loss, [...kernels, ...auxiliary!]);
      // The two losses of the game, with everything in them differentiated.
      const generator = transposed(model);
      const between = (x: tf.Tensor) => {
        const { mean, variance } = tf.moments(x, [...x.shape.keys()].slice(0, -1), true);
        return x.sub(mean).div(variance.add(1e-5).sqrt()).relu();
      };
      const made = () => generator.images(codes as tf.Tensor2D, between).sigmoid();
      const score = (x: tf.Tensor) => {
        const [w1, b1, w2, b2, w3, b3] = judge;
        const maps = tf
          .conv2d(x as tf.Tensor4D, w1 as tf.Tensor4D, 2, 'same')
          .add(b1)
          .leakyRelu(0.2);
        const small = tf
          .conv2d(maps as tf.Tensor4D, w2 as tf.Tensor4D, 2, 'same')
          .add(b2)
          .leakyRelu(0.2);
        return small.reshape([4, -1]).matMul(w3).add(b3);
      };
      const told = tf.variableGrads(
        () => sigmoidCrossEntropy(score(images), 1).add(sigmoidCrossEntropy(score(made()), 0)),
        [...judge],
      ).grads;
      for (const { name } of judge) expect(numbers(grads[name])).toBeAllclose(numbers(told[name]), 1e-4);
      const fooled = tf.variableGrads(
        () => sigmoidCrossEntropy(score(made()), 1).add(crossEntropy(net.logits(images), labels)),
        kernels,
      ).grads;
      for (const { name } of kernels) expect(numbers(grads[name])).toBeAllclose(numbers(fooled[name]), 1e-4);
    });
    tf.dispose([...auxiliary!]);
    model.dispose();
  });
});
