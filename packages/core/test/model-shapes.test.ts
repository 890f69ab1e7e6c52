import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  asClassifier,
  fromProbabilities,
  WeightmapError,
  type AsClassifierOptions,
  type Classifier,
} from '../src/index.js';

beforeAll(() => tf.setBackend('cpu'));

const kernelInitializer = () => tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: 3 });
const dense = (units: number, activation: 'linear' | 'softmax' | 'sigmoid' = 'linear', name?: string) =>
  tf.layers.dense({ units, activation, name, kernelInitializer: kernelInitializer() });
const modelOf = (shape: (number | null)[], ...layers: tf.layers.Layer[]) =>
  tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: shape }), ...layers] });
const flat = (...layers: tf.layers.Layer[]) => modelOf([2, 3, 1], tf.layers.flatten(), ...layers);
const conv = (config: Partial<Parameters<typeof tf.layers.conv2d>[0]> = {}) =>
  tf.layers.conv2d({ filters: 3, kernelSize: 3, ...config });

const explained = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    if (error instanceof WeightmapError) return error.explain();
    throw error;
  }
  return 'nothing thrown';
};

const pixels = [0, 0.2, 0.4, 0.6, 0.8, 1, 1, 0, 1, 0, 0.5, 0.5];
const logitsOf = (classifier: Classifier) =>
  tf.tidy(() => classifier.logits(tf.tensor4d(pixels, [2, 2, 3, 1])).arraySync());

/** Two inputs, or two outputs. */
function branched(inputs: number): tf.LayersModel {
  const given = Array.from({ length: inputs }, (_, i) => tf.input({ shape: [2, 3, 1], name: `image${i}` }));
  const joined = (inputs > 1 ? tf.layers.add().apply(given) : given[0]) as tf.SymbolicTensor;
  const flattened = tf.layers.flatten().apply(joined);
  const outputs = [dense(3, 'linear', 'classes'), dense(2, 'softmax', 'side')].map(
    (layer) => layer.apply(flattened) as tf.SymbolicTensor,
  );
  return tf.model({ inputs: given, outputs: inputs > 1 ? outputs[0] : outputs });
}

describe('a model of two classes with a single output', () => {
  it('with sigmoid: logits whose softmax is (1 − p, p)', () => {
    const model = flat(dense(1, 'sigmoid'));
    const p = tf.tidy(() => (model.predict(tf.tensor4d(pixels, [2, 2, 3, 1])) as tf.Tensor).dataSync());
    const classifier = fromProbabilities(model, { bounds: [-1, 1], classes: 2 });
    expect(classifier).toMatchObject({ classes: 2, inputShape: [2, 3, 1], bounds: [-1, 1] });
    logitsOf(classifier).forEach(([no, yes], i) => {
      expect(no).toBeCloseTo(Math.log(1 - p[i]), 4);
      expect(yes).toBeCloseTo(Math.log(p[i]), 4);
    });
  });

  it('without activation: [0, z], if two classes are asked for', () => {
    const model = flat(dense(1));
    const z = tf.tidy(() => (model.predict(tf.tensor4d(pixels, [2, 2, 3, 1])) as tf.Tensor).dataSync());
    expect(logitsOf(asClassifier(model, { classes: 2 }))).toEqual([...z].map((value) => [0, value]));
    expect(explained(() => asClassifier(model))).toMatch(/single output[^]*classes: 2/);
    expect(explained(() => asClassifier(flat(dense(1, 'sigmoid')), { classes: 2 }))).toMatch(
      /fromProbabilities/,
    );
  });

  it('has a gradient, and leaves no tensors', () => {
    const classifier = fromProbabilities(flat(dense(1, 'sigmoid')));
    const images = tf.tensor4d(pixels, [2, 2, 3, 1]);
    const before = tf.memory().numTensors;
    const slope = tf.tidy(
      () =>
        tf
          .grad((x) =>
            classifier
              .logits(x as tf.Tensor4D)
              .slice([0, 1], [-1, 1])
              .sum(),
          )(images)
          .abs()
          .min()
          .dataSync()[0],
    );
    expect(slope).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(before);
    images.dispose();
  });
});

describe('a model of images of another shape', () => {
  it('of open size takes the size that is given', () => {
    const model = modelOf([null, null, 1], conv(), tf.layers.globalAveragePooling2d({}));
    expect(asClassifier(model, { inputShape: [5, 7, 1] })).toMatchObject({
      classes: 3,
      inputShape: [5, 7, 1],
    });
    expect(explained(() => asClassifier(model))).toMatch(/size of the images is open[^]*inputShape/);
    expect(explained(() => asClassifier(model, { inputShape: [5, 7, 3] }))).toMatch(
      /doesn't take images of \[5, 7, 3\]/,
    );
  });

  it('of vectors, or without channels, gets its images reshaped', () => {
    const expected = logitsOf(asClassifier(flat(dense(3))));
    for (const model of [modelOf([6], dense(3)), modelOf([2, 3], tf.layers.flatten(), dense(3))]) {
      expect(logitsOf(asClassifier(model, { inputShape: [2, 3, 1] }))).toEqual(expected);
      expect(explained(() => asClassifier(model))).toMatch(/vectors|without an axis[^]*inputShape/);
      expect(explained(() => asClassifier(model, { inputShape: [2, 4, 1] }))).toMatch(/can't be reshaped/);
    }
  });

  it.each<[string, () => tf.LayersModel, AsClassifierOptions, RegExp]>([
    [
      'channels first',
      () => modelOf([3, 8, 8], conv({ dataFormat: 'channelsFirst' }), tf.layers.flatten(), dense(2)),
      {},
      /channels first[^]*channels last/,
    ],
    [
      'channels first, by the wanted shape',
      () => modelOf([3, 8, 8], tf.layers.flatten(), dense(2)),
      { inputShape: [8, 8, 3] },
      /put the channels last/,
    ],
    [
      'batches of one size',
      () => tf.sequential({ layers: [tf.layers.flatten({ batchInputShape: [4, 2, 3, 1] }), dense(2)] }),
      {},
      /batches of exactly 4 images/,
    ],
    ['video', () => modelOf([5, 2, 3, 1], tf.layers.flatten(), dense(2)), {}, /takes no images/],
    [
      'whole numbers',
      () => {
        const input = tf.input({ shape: [2, 3, 1], dtype: 'int32' });
        return tf.model({
          inputs: input,
          outputs: dense(2).apply(tf.layers.flatten().apply(input)) as tf.SymbolicTensor,
        });
      },
      {},
      /takes int32, which has no gradient/,
    ],
    ['two inputs', () => branched(2), {}, /2 inputs[^]*image0, image1/],
    ['two outputs', () => branched(1), {}, /2 outputs[^]*classes, side[^]*output: 'classes'/],
    ['no such output', () => branched(1), { output: 'other' }, /no output "other"[^]*classes, side/],
    ['another number of classes', () => flat(dense(3)), { classes: 4 }, /has 3 classes[^]*4/],
    ['a map of classes', () => modelOf([8, 8, 1], conv()), {}, /output is \[open, 6, 6, 3\][^]*segmentation/],
    [
      'a sequence',
      () => modelOf([8, 8, 1], conv(), tf.layers.reshape({ targetShape: [36, 3] })),
      {},
      /output is \[open, 36, 3\]/,
    ],
    ['softmax in the chosen output', () => branched(1), { output: 'side' }, /ends in a softmax/],
    [
      'softmax before a dropout',
      () => flat(dense(3, 'softmax'), tf.layers.dropout({ rate: 0.5 })),
      {},
      /ends in a softmax/,
    ],
    [
      'an inputShape that is none',
      () => flat(dense(3)),
      { inputShape: [2, 3] as never },
      /inputShape is \[2,3\]/,
    ],
  ])('refuses %s', (_, make, options, expected) => {
    expect(explained(() => asClassifier(make(), options))).toMatch(expected);
  });

  it('takes the chosen one of two outputs', () => {
    const model = branched(1);
    expect(asClassifier(model, { output: 'classes' }).classes).toBe(3);
    expect(fromProbabilities(model, { output: 'side' }).classes).toBe(2);
    expect(logitsOf(asClassifier(model, { output: 'classes' }))[0]).toHaveLength(3);
  });

  it('refuses a graph model, and says what to pass', () => {
    expect(explained(() => asClassifier({ predict: () => null } as never))).toMatch(
      /no Layers model[^]*logits/,
    );
  });
});
