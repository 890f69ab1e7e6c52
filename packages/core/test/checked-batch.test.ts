import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  asClassifier,
  batchesOf,
  checkClassifier,
  checkedImages,
  checkImageSet,
  classIndices,
  imageSet,
  tensorsOf,
  WeightmapError,
} from '../src/index.js';

beforeAll(() => tf.setBackend('cpu'));

const explained = (body: () => unknown): string => {
  const before = tf.memory().numTensors;
  try {
    body();
  } catch (error) {
    if (!(error instanceof WeightmapError)) throw error;
    expect(tf.memory().numTensors).toBe(before);
    return error.explain();
  }
  return 'nothing thrown';
};

const range = (low: number, high: number) => ({
  inputShape: [2, 1, 1] as const,
  bounds: [low, high] as const,
});
const imagesOf = (...pixels: number[]) => tf.tensor4d(pixels, [pixels.length / 2, 2, 1, 1]);

describe('images', () => {
  it('within the bounds are taken as they are', () => {
    const images = imagesOf(0, 1, 0.5, 0.25);
    expect(checkedImages(range(0, 1), images)).toBe(images);
    images.dispose();
  });

  it.each([
    [
      [0, 1.0000001],
      [0, 1],
    ],
    [
      [-1e-9, 1],
      [0, 1],
    ],
    [
      [0, 0.1 + 0.2],
      [0, 0.3],
    ],
    [
      [-1.0000002, 1],
      [-1, 1],
    ],
    [
      [0, 255.00002],
      [0, 255],
    ],
    // ImageNet's mean and standard deviation, computed in float32 with other roundings than the bounds.
    [
      [(0 - 0.485) / 0.229 - 1e-7, (1 - 0.406) / 0.225 + 2e-7],
      [(0 - 0.485) / 0.229, (1 - 0.406) / 0.225],
    ],
  ] as [number[], [number, number]][])(
    '%j beyond %j by a rounding are set to the bound',
    (pixels, [low, high]) => {
      const images = imagesOf(...pixels);
      const checked = checkedImages(range(low, high), images);
      for (const pixel of checked.dataSync()) {
        expect(pixel).toBeGreaterThanOrEqual(Math.fround(low));
        expect(pixel).toBeLessThanOrEqual(Math.fround(high));
      }
      tf.dispose([images, checked]);
    },
  );

  it('of whole numbers or truth values become float32', () => {
    for (const dtype of ['int32', 'bool'] as const) {
      const images = tf.tensor4d([0, 1], [1, 2, 1, 1], dtype);
      const checked = checkedImages(range(0, 1), images);
      expect(checked.dtype).toBe('float32');
      expect([...checked.dataSync()]).toEqual([0, 1]);
      tf.dispose([images, checked]);
    }
  });

  it.each<[string, () => unknown, RegExp]>([
    ['above', () => imagesOf(0, 1.01), /reach from 0 to 1.0[^]*0 … 1[^]*scale the pixels/],
    ['below', () => imagesOf(-0.5, 1), /reach from -0.5 to 1/],
    ['NaN', () => imagesOf(NaN, 1), /contain NaN/],
    ['an infinity', () => imagesOf(-Infinity, 1), /reach from -Infinity/],
    ['none', () => tf.zeros([0, 2, 1, 1]), /one image or more/],
    ['a single image', () => tf.zeros([2, 1, 1]), /expandDims\(0\)/],
    ['no channels', () => tf.zeros([3, 2, 1]), /expandDims\(3\)/],
    ['channels first', () => tf.zeros([3, 1, 2, 1]), /transpose\(\[0, 2, 3, 1\]\)/],
    ['a list', () => [0, 1], /are a list[^]*tensor/],
    ['bytes', () => new Uint8Array(2), /an object of Uint8Array/],
    ['nothing', () => undefined, /are undefined/],
    ['text', () => tf.tensor4d(['a', 'b'], [1, 2, 1, 1], 'string'), /type string/],
  ])('are refused: %s', (_, make, expected) => {
    const images = make();
    expect(explained(() => checkedImages(range(0, 1), images as tf.Tensor4D))).toMatch(expected);
    if (images instanceof tf.Tensor) images.dispose();
  });

  it('that are disposed are refused', () => {
    const images = imagesOf(0, 1);
    images.dispose();
    expect(explained(() => checkedImages(range(0, 1), images))).toMatch(/disposed/);
  });
});

describe('labels', () => {
  const size = { batch: 3, classes: 4 };

  it.each<[string, () => tf.Tensor1D | ArrayLike<number>]>([
    ['int32', () => tf.tensor1d([0, 3, 1], 'int32')],
    ['float32, as tf.tensor1d makes it', () => tf.tensor1d([0, 3, 1])],
    ['an array', () => [0, 3, 1]],
    ['bytes', () => Uint8Array.of(0, 3, 1)],
    ['Float32Array', () => Float32Array.of(0, 3, 1)],
  ])('of any type with whole numbers: %s', (_, make) => {
    const labels = make();
    expect(classIndices(labels, size)).toEqual(Int32Array.of(0, 3, 1));
    tf.dispose(labels as tf.Tensor);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['fractions', () => tf.tensor1d([0, 0.5, 1]), /Label 1 of the batch is 0.5[^]*0 … 3/],
    ['out of range', () => [0, 4, 1], /Label 1 of the batch is 4[^]*0 … 3/],
    ['negative', () => [0, -1, 1], /Label 1 of the batch is -1/],
    ['from 1', () => [1, 4, 2], /Label 1 of the batch is 4[^]*count from 1: subtract 1/],
    ['NaN', () => [0, NaN, 1], /is NaN/],
    ['too few', () => [0, 1], /shape \[2\][^]*\[3\]/],
    ['too many', () => tf.tensor1d([0, 1, 2, 3], 'int32'), /shape \[4\]/],
    ['one-hot', () => tf.oneHot([0, 1, 2], 4), /shape \[3, 4\][^]*argMax\(1\)/],
    [
      'one-hot lists',
      () => [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
      ],
      /argMax\(1\)/,
    ],
    ['a column', () => tf.tensor2d([[0], [1], [2]]), /reshape\(\[-1\]\)/],
    ['a number', () => 1, /labels are a number/],
    ['nothing', () => undefined, /labels are undefined/],
    ['names', () => ['cat', 'dog', 'cat'], /Label 0 of the batch is "cat"/],
    ['big integers', () => BigInt64Array.of(0n, 1n, 2n), /Label 0 of the batch is 0/],
  ])('are refused: %s', (_, make, expected) => {
    const labels = make();
    expect(explained(() => classIndices(labels as tf.Tensor1D, size))).toMatch(expected);
    if (labels instanceof tf.Tensor) labels.dispose();
  });
});

describe('a classifier', () => {
  const fine = {
    classes: 2,
    inputShape: [2, 1, 1] as const,
    bounds: [0, 1] as const,
    logits: () => tf.zeros<tf.Rank.R2>([1, 2]),
  };

  it.each<[string, unknown, RegExp]>([
    ['a model', { predict: () => null }, /a model, not a classifier[^]*asClassifier/],
    ['nothing', undefined, /undefined, not a classifier/],
    ['without bounds', { ...fine, bounds: undefined }, /bounds of the pixels are undefined/],
    ['bounds the wrong way round', { ...fine, bounds: [1, 0] }, /bounds of the pixels are 1 and 0/],
    ['three bounds', { ...fine, bounds: [0, 1, 2] }, /bounds/],
    ['a part of a class', { ...fine, classes: 2.5 }, /2.5 classes/],
    ['a shape of two', { ...fine, inputShape: [2, 1] }, /inputShape/],
    ['an open shape', { ...fine, inputShape: [null, 1, 1] }, /inputShape/],
  ])('is refused: %s', (_, classifier, expected) => {
    expect(
      explained(() => {
        checkClassifier(classifier as never);
      }),
    ).toMatch(expected);
  });

  it('is taken as a model makes it', () => {
    const model = tf.sequential({
      layers: [tf.layers.flatten({ inputShape: [2, 1, 1] }), tf.layers.dense({ units: 2 })],
    });
    checkClassifier(asClassifier(model, { bounds: [-2.117904, 2.64] }));
    model.dispose();
  });
});

describe('an image set', () => {
  const spec = { height: 2, width: 1, channels: 1, classes: ['a', 'b'] };

  it.each<[string, unknown, RegExp]>([
    [
      'pixels in [0, 1]',
      { spec, pixels: Float32Array.of(0, 1), labels: Uint8Array.of(0) },
      /pixels of an image set are no bytes[^]*255/,
    ],
    [
      'labels in a list',
      { spec, pixels: Uint8Array.of(0, 1), labels: [0] },
      /labels of an image set are no bytes/,
    ],
    [
      'floats as labels',
      { spec, pixels: Uint8Array.of(0, 1), labels: Float32Array.of(0.5) },
      /labels of an image set are no bytes/,
    ],
    [
      'a label from 1',
      { spec, pixels: Uint8Array.of(0, 1), labels: Uint8Array.of(2) },
      /Image 0 has the label 2/,
    ],
    [
      'too few pixels',
      { spec, pixels: Uint8Array.of(0), labels: Uint8Array.of(0) },
      /do not belong together/,
    ],
    [
      'no height',
      { spec: { ...spec, height: 0 }, pixels: new Uint8Array(0), labels: new Uint8Array(0) },
      /can't have the shape 0×1×1/,
    ],
    [
      '300 classes',
      {
        spec: { ...spec, classes: Array.from({ length: 300 }, String) },
        pixels: Uint8Array.of(0, 1),
        labels: Uint8Array.of(0),
      },
      /300 classes[^]*256/,
    ],
  ])('is refused: %s', (_, set, expected) => {
    expect(
      explained(() => {
        checkImageSet(set as never);
      }),
    ).toMatch(expected);
  });

  it('is read in batches of a whole number of images, within bounds that are a range', () => {
    const set = imageSet(spec, Uint8Array.of(0, 255), Uint8Array.of(1));
    for (const size of [0, -1, 1.5, NaN])
      expect(explained(() => [...batchesOf(set, size)])).toMatch(/A batch can't have/);
    expect(explained(() => tensorsOf(set, { bounds: [1, 0] }))).toMatch(/bounds of the pixels/);
  });
});
