import * as tf from '@tensorflow/tfjs';
import { tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { createDefense, hypernetwork, StatisticalFilter } from '../src/index.js';
import { builtFor, tinyImages, tinyModel, tinySpec } from './_tiny.js';

useEngine('cpu');

const numbers = (x: tf.Tensor) => [...x.dataSync()];
const answersOf = (model: tf.LayersModel) =>
  tf.tidy(() => numbers(model.apply(tensorsOf(tinyImages(4, 3)).images) as tf.Tensor));

describe('a statistical filter', () => {
  const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

  it('scales each channel of an image by a function of its means and deviations', () => {
    tf.tidy(() => {
      const layer = new StatisticalFilter({ units: 3, seed: 1 });
      const x = random([2, 4, 5, 2], 1);
      layer.apply(x);
      const weights = layer.getWeights().map(({ shape }, i) => random(shape, 10 + i));
      layer.setWeights(weights);
      const [kernel, hiddenBias, scale, bias] = weights.map((weight) => weight.arraySync() as never);
      const matrix = (values: number[], by: number[][], plus: number[]) =>
        plus.map((b, j) => b + values.reduce((sum, value, i) => sum + value * by[i][j], 0));
      const maps = x.arraySync() as number[][][][];
      const expected = maps.flatMap((image) => {
        const channels = [0, 1].map((c) => image.flat().map((pixel) => pixel[c]));
        const means = channels.map((values) => values.reduce((a, b) => a + b) / 20);
        const stds = channels.map((values, c) =>
          Math.sqrt(values.reduce((sum, v) => sum + (v - means[c]) ** 2, 0) / 20 + 1e-6),
        );
        const hidden = matrix([...means, ...stds], kernel, hiddenBias).map((v) => Math.max(0, v));
        const g = matrix(hidden, scale, bias);
        return image.flat(2).map((value, i) => value * (1 + g[i % 2]));
      });
      expect(numbers(layer.apply(x) as tf.Tensor)).toBeAllclose(expected, 1e-4);
    });
  });

  it('before a convolution is one with scaled weights', () => {
    tf.tidy(() => {
      const layer = new StatisticalFilter({ units: 2, seed: 1 });
      const x = random([1, 6, 6, 2], 2) as tf.Tensor4D;
      layer.apply(x);
      const [hidden, hiddenBias, scale] = layer.getWeights();
      layer.setWeights([hidden, hiddenBias, scale, tf.tensor1d([0.5, -0.3])]); // g is constant
      const kernel = random([3, 3, 2, 4], 3) as tf.Tensor4D;
      const scaled = kernel.mul<tf.Tensor4D>(tf.tensor([1.5, 0.7], [1, 1, 2, 1]));
      const [filtered, expected] = [
        tf.conv2d(layer.apply(x) as tf.Tensor4D, kernel, 1, 'valid'),
        tf.conv2d(x, scaled, 1, 'valid'),
      ];
      expect(numbers(filtered)).toBeAllclose(numbers(expected), 1e-5);
    });
  });
});

describe('hypernetworks', () => {
  it('begin as the network without them, exactly: g is 0', () => {
    const [plain, { model }] = [tinyModel(), builtFor(createDefense('hypernetwork'), tinyModel)];
    expect(model.layers.map((layer) => layer.getClassName())).toContain('StatisticalFilter');
    expect(answersOf(model)).toEqual(answersOf(plain));
    expect(model.countParams() - plain.countParams()).toBe(16 * 2 + 16 + 16 + 1);
    plain.dispose();
    model.dispose();
  });

  it('are inserted where layers branch and join, and stored with the network', async () => {
    const branched = () => {
      const images = tf.input({ shape: [8, 8, 1] });
      const conv = (name: string) => tf.layers.conv2d({ name, filters: 2, kernelSize: 3, padding: 'same' });
      const first = conv('first').apply(images) as tf.SymbolicTensor;
      const joined = tf.layers.add().apply([first, conv('second').apply(first) as tf.SymbolicTensor]);
      const flat = tf.layers.flatten().apply(joined) as tf.SymbolicTensor;
      return tf.model({
        inputs: images,
        outputs: tf.layers.dense({ units: 3 }).apply(flat) as tf.SymbolicTensor,
      });
    };
    let expected: number[] = [];
    const plain = () => {
      const model = branched();
      expected = answersOf(model);
      return model;
    };
    const request = { spec: tinySpec, options: hypernetwork.defaults, seed: 1 };
    const model = hypernetwork.build!(plain, request);
    expect(answersOf(model)).toEqual(expected);
    expect(model.layers.filter((layer) => layer instanceof StatisticalFilter).length).toBe(2);
    const again = await tf.models.modelFromJSON({
      modelTopology: model.toJSON(null, false) as never,
    });
    again.setWeights(model.getWeights());
    expect(answersOf(again)).toEqual(expected);
    again.dispose();
    model.dispose();
  });
});
