import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { smoothingWeightMap, unsharpWeightMap } from '@weightmap/wm-layers';
import { describe, expect, it } from 'vitest';
import { larger, momentsThrough, rectified, type Moments } from '../src/_moments.js';
import { stochasticOperators } from '../src/index.js';
import { tinyChain, tinyData, tinyModel } from './_tiny.js';

useEngine('cpu');

const SAMPLES = 20_000;

/** Compares moments with those of samples, within four standard errors. */
function expectMoments({ mean, variance }: Moments, samples: number[][]) {
  samples.forEach((values, i) => {
    const sampleMean = values.reduce((a, b) => a + b) / values.length;
    const central = (power: number) =>
      values.reduce((sum, value) => sum + (value - sampleMean) ** power, 0) / values.length;
    const v = central(2);
    expect(Math.abs(mean.dataSync()[i] - sampleMean)).toBeLessThan(4 * Math.sqrt(v / values.length) + 1e-7);
    const error = Math.sqrt(Math.max(0, central(4) - v ** 2) / values.length);
    expect(Math.abs(variance.dataSync()[i] - v)).toBeLessThan(4 * error + 1e-7);
  });
}

const MEANS = [-2, -0.3, 0, 0.4, 1.5];
const VARIANCES = [0.5, 1, 0.3, 2, 0.1];
const moments = (means: number[], variances: number[]): Moments => ({
  mean: tf.tensor1d(means),
  variance: tf.tensor1d(variances),
});
const normals = (means: number[], variances: number[], name: string) => {
  const random = randomStream(3, name);
  return means.map((mean, i) =>
    [...random.normals(SAMPLES)].map((value) => mean + Math.sqrt(variances[i]) * value),
  );
};

describe('the moments of normal activations are those of samples', () => {
  it('after ReLU', () => {
    const x = normals(MEANS, VARIANCES, 'relu');
    tf.tidy(() =>
      expectMoments(
        rectified(moments(MEANS, VARIANCES)),
        x.map((row) => row.map((v) => Math.max(0, v))),
      ),
    );
  });

  it('of the larger of two', () => {
    const [means, variances] = [[...MEANS].reverse(), [0.2, 0.7, 0.3, 1, 3]];
    const [x, y] = [normals(MEANS, VARIANCES, 'x'), normals(means, variances, 'y')];
    tf.tidy(() =>
      expectMoments(
        larger(moments(MEANS, VARIANCES), moments(means, variances)),
        x.map((row, i) => row.map((v, k) => Math.max(v, y[i][k]))),
      ),
    );
  });

  it('after a convolution and a dense layer', () => {
    const initial = (seed: number) => tf.initializers.glorotNormal({ seed });
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [3, 3, 1], filters: 2, kernelSize: 3, kernelInitializer: initial(1) }),
        tf.layers.flatten(),
      ],
    });
    tf.tidy(() => {
      const random = randomStream(4, 'linear');
      const mean = tf.tensor4d(random.uniforms(9), [1, 3, 3, 1]);
      const variance = tf.tensor4d(random.uniforms(9), [1, 3, 3, 1]);
      const noise = tf.tensor4d(random.normals(9 * SAMPLES), [SAMPLES, 3, 3, 1]);
      const outputs = model.apply(noise.mul(variance.sqrt()).add(mean)) as tf.Tensor2D;
      const rows = outputs.transpose().arraySync() as number[][];
      expectMoments(momentsThrough(model, { mean, variance }), rows);
    });
    model.dispose();
  });

  it.each([
    ['smoothing', smoothingWeightMap],
    ['unsharp', unsharpWeightMap],
  ])('after a weight map of the kind %s', (_, layer) => {
    const model = tf.sequential({
      layers: [
        tf.layers.inputLayer({ inputShape: [4, 4, 2] }),
        layer({ filters: 2, padding: 1, seed: 1 }),
        tf.layers.flatten(),
      ],
    });
    tf.tidy(() => {
      const random = randomStream(4, 'weight map');
      const mean = tf.tensor4d(random.uniforms(32), [1, 4, 4, 2]);
      const variance = tf.tensor4d(random.uniforms(32), [1, 4, 4, 2]);
      const noise = tf.tensor4d(random.normals(32 * SAMPLES), [SAMPLES, 4, 4, 2]);
      const outputs = model.apply(noise.mul(variance.sqrt()).add(mean)) as tf.Tensor2D;
      expectMoments(momentsThrough(model, { mean, variance }), outputs.transpose().arraySync() as number[][]);
    });
    model.dispose();
  });

  it('without variance are the values of the network, max pooling included', async () => {
    const model = tinyChain();
    const network = asClassifier(model);
    const options = stochasticOperators.parse({ inputVariance: 0 });
    const { classifier } = await stochasticOperators.wrap!(network, { data: tinyData, options, model });
    tf.tidy(() => {
      const x = tf.tensor4d(randomStream(1, 'x').uniforms(128), [2, 8, 8, 1]);
      const [plain, through] = [network, classifier].map((made) => [...made.logits(x).dataSync()]);
      expect(through).toBeAllclose(plain, 1e-4);
      const gradient = tf.grad((at) => classifier.logits(at as tf.Tensor4D).sum())(x);
      expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
    });
    model.dispose();
  });
});

describe('stochastic operators', () => {
  it('refuse a layer that they do not know, by its name', async () => {
    const model = tinyModel();
    const request = { data: tinyData, options: stochasticOperators.defaults, model };
    await expect(stochasticOperators.wrap!(asClassifier(model), request)).rejects.toThrow(
      /no stochastic operator for layers of the class BatchNormalization/,
    );
    model.dispose();
  });
});
