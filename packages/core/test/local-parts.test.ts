import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { asClassifier, localParts } from '../src/index.js';

beforeAll(() => tf.setBackend('cpu'));

type Layer = tf.layers.Layer;

const conv = (config: Partial<Parameters<typeof tf.layers.conv2d>[0]> = {}): Layer =>
  tf.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu', ...config });
const end = (): Layer[] => [tf.layers.flatten(), tf.layers.dense({ units: 3 })];
const chain = (...layers: Layer[]) =>
  tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [9, 9, 1] }), ...layers] });
const partsOf = (model: tf.LayersModel) => localParts(asClassifier(model));

/** A convolution's result added to that of another. */
function branched(): tf.LayersModel {
  const image = tf.input({ shape: [9, 9, 1] });
  const [a, b] = [conv(), conv()].map((layer) => layer.apply(image) as tf.SymbolicTensor);
  const sum = tf.layers.add().apply([a, b]) as tf.SymbolicTensor;
  const [flat, dense] = end();
  return tf.model({ inputs: image, outputs: dense.apply(flat.apply(sum)) as tf.SymbolicTensor });
}

describe('the local parts of a classifier', () => {
  it('give its logits, and the maps of a part of an image are that part of its maps', () => {
    const model = chain(
      conv(),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: 'elu' }),
      conv({ kernelSize: 2 }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      ...end(),
    );
    const classifier = asClassifier(model);
    const parts = localParts(classifier)!;
    expect(parts.window).toBe(4);
    tf.tidy(() => {
      const images = tf.randomUniform<tf.Rank.R4>([2, 9, 9, 1], 0, 1, 'float32', 1);
      const maps = parts.maps(images);
      expect(maps.shape).toEqual([2, 6, 6, 2]);
      expect([...parts.head(maps).dataSync()]).toEqual([...classifier.logits(images).dataSync()]);
      const part = parts.maps(images.slice([0, 2, 1, 0], [2, 6, 5, 1]));
      expect([...part.dataSync()]).toEqual([...maps.slice([0, 2, 1, 0], [2, 3, 2, 2]).dataSync()]);
    });
    // In a functional model, too, and whoever changes the logits has no parts.
    const { inputs, outputs } = model;
    expect(partsOf(tf.model({ inputs, outputs }))?.window).toBe(4);
    expect(localParts({ ...classifier, logits: (x) => classifier.logits(x) })).toBeUndefined();
  });

  it.each([
    ['with padding', () => chain(conv({ padding: 'same' }), ...end())],
    ['with a stride', () => chain(conv({ strides: 2 }), ...end())],
    ['with gaps', () => chain(conv({ dilationRate: 2 }), ...end())],
    ['of rectangles', () => chain(conv({ kernelSize: [3, 2] }), ...end())],
    ['with a softmax over the channels', () => chain(conv({ activation: 'softmax' }), ...end())],
    [
      'after a layer that treats places differently',
      () => chain(tf.layers.layerNormalization(), conv(), ...end()),
    ],
    ['that are none', () => chain(...end())],
    ['in a branch', branched],
  ])('are unknown of convolutions %s', (_, model) => {
    expect(partsOf(model())).toBeUndefined();
  });
});
