import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  asClassifier,
  checkLogits,
  fromProbabilities,
  WeightmapError,
  type Classifier,
} from '../src/index.js';

beforeAll(() => tf.setBackend('cpu'));

const kernel = () => tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: 3 });
const dense = (units: number, activation: 'linear' | 'softmax' | 'sigmoid' = 'linear') =>
  tf.layers.dense({ units, activation, kernelInitializer: kernel() });
const modelOf = (...layers: tf.layers.Layer[]) =>
  tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 3, 1] }), ...layers] });

/** A model whose only layer but the input is a model. */
const wrapped = (inner: tf.LayersModel): tf.LayersModel => {
  const images = tf.input({ shape: [2, 3, 1] });
  return tf.model({ inputs: images, outputs: inner.apply(images) as tf.SymbolicTensor });
};

const images = () => tf.tensor4d([0, 0.2, 0.4, 0.6, 0.8, 1, 1, 0, 1, 0, 0.5, 0.5], [2, 2, 3, 1]);
const logitsOf = (classifier: Classifier) => tf.tidy(() => [...classifier.logits(images()).dataSync()]);

const explained = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    if (error instanceof WeightmapError) return error.explain();
    throw error;
  }
  return 'nothing thrown';
};

describe('asClassifier', () => {
  it('takes models that end in logits', () => {
    for (const model of [
      modelOf(dense(3)),
      modelOf(dense(4, 'softmax'), dense(3)),
      modelOf(dense(3), tf.layers.reshape({ targetShape: [3] })),
      wrapped(modelOf(dense(3))),
    ]) {
      const { classes, inputShape, bounds } = asClassifier(model);
      expect({ classes, inputShape, bounds }).toEqual({ classes: 3, inputShape: [2, 3, 1], bounds: [0, 1] });
    }
  });

  it.each([
    ['a layer with softmax', () => modelOf(dense(3, 'softmax'))],
    ['an activation', () => modelOf(dense(3), tf.layers.activation({ activation: 'softmax' }))],
    ['a softmax layer', () => modelOf(dense(3), tf.layers.softmax())],
    ['a model in the model', () => wrapped(wrapped(modelOf(dense(3, 'softmax'))))],
    [
      'a softmax that is only reshaped',
      () => modelOf(dense(3, 'softmax'), tf.layers.reshape({ targetShape: [3] })),
    ],
  ])('refuses one that ends in softmax, and says the way out: %s', (_, make) => {
    const message = explained(() => asClassifier(make()));
    expect(message).toMatch(/ends in a softmax/);
    expect(message).toMatch(/the layer before the softmax/);
    expect(message).toMatch(/fromProbabilities/);
  });

  it('refuses sigmoids, single outputs, and bounds that are no range', () => {
    expect(explained(() => asClassifier(modelOf(dense(3, 'sigmoid'))))).toMatch(/ends in a sigmoid/);
    expect(explained(() => asClassifier(modelOf(dense(1, 'sigmoid'))))).toMatch(/single output/);
    expect(explained(() => asClassifier(modelOf(dense(1))))).toMatch(/single output/);
    for (const bounds of [
      [1, 0],
      [0, 0],
      [0, Number.NaN],
      [-Infinity, 1],
    ] as const)
      expect(explained(() => asClassifier(modelOf(dense(3)), { bounds }))).toMatch(/bounds of the pixels/);
  });
});

describe('fromProbabilities', () => {
  it('gives logarithms of the probabilities, whose softmax they are', () => {
    const model = modelOf(dense(3, 'softmax'));
    const probabilities = tf.tidy(() => [...(model.predict(images()) as tf.Tensor).dataSync()]);
    const classifier = fromProbabilities(model, { bounds: [-1, 1] });
    expect(classifier.bounds).toEqual([-1, 1]);
    logitsOf(classifier).forEach((logit, i) => expect(logit).toBeCloseTo(Math.log(probabilities[i]), 5));
    const again = tf.tidy(() => [...classifier.logits(images()).softmax().dataSync()]);
    again.forEach((p, i) => expect(p).toBeCloseTo(probabilities[i], 6));
  });

  it('is finite where a probability is 0', () => {
    const model = modelOf(dense(3, 'softmax'));
    const [weights, bias] = model.getWeights();
    model.setWeights([weights.mul(10_000), bias]);
    const logits = logitsOf(fromProbabilities(model));
    expect(logits.every(Number.isFinite)).toBe(true);
    expect(Math.min(...logits)).toBeCloseTo(Math.log(1e-30), 3);
  });

  it('refuses logits and sigmoids', () => {
    expect(explained(() => fromProbabilities(modelOf(dense(3))))).toMatch(/"linear"[^]*asClassifier/);
    expect(explained(() => fromProbabilities(modelOf(dense(3, 'sigmoid'))))).toMatch(/"sigmoid"/);
    expect(explained(() => fromProbabilities(modelOf(dense(1, 'softmax'))))).toMatch(/1 for every image/);
  });
});

describe('checkLogits', () => {
  const giving = (...rows: number[][]): Classifier => ({
    classes: rows[0].length,
    inputShape: [2, 3, 1],
    bounds: [0, 1],
    logits: () => tf.tensor2d(rows),
  });
  const check = (classifier: Classifier) => {
    const given = images();
    const before = tf.memory().numTensors;
    const message = explained(() => checkLogits(classifier, given));
    expect(tf.memory().numTensors).toBe(before);
    given.dispose();
    return message;
  };

  it('finds probabilities, whoever made them', () => {
    expect(check(giving([0.2, 0.8], [1, 0]))).toMatch(/probabilities instead of logits[^]*fromProbabilities/);
    expect(check(fromProbabilities(modelOf(dense(3, 'softmax'))))).toBe('nothing thrown');
  });

  it('takes everything else for logits', () => {
    expect(check(giving([0.2, 0.8], [1.1, 0]))).toBe('nothing thrown');
    expect(check(giving([0.5, 0.5], [1.5, -0.5]))).toBe('nothing thrown');
    expect(check(giving([1, 0], [0, 1]))).toBe('nothing thrown');
    expect(check(giving([0, 0], [0, 0]))).toBe('nothing thrown');
  });
});
