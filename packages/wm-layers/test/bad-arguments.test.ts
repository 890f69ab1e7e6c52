import * as tf from '@tensorflow/tfjs';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import {
  inputScale,
  smoothing,
  smoothingWeightMap,
  unsharp,
  unsharpWeightMap,
  weightMapOutputSize,
  type WindowOptions,
} from '../src/index.js';

useEngine();

describe('an operation refuses', () => {
  const call = ({
    x = [1, 5, 6, 2],
    weightMap = [5, 6, 2, 3],
    bias = null as number[] | null,
    options = {} as WindowOptions,
  }) =>
    tf.tidy(() => {
      smoothing(
        tf.zeros<tf.Rank.R4>(x as never),
        tf.zeros<tf.Rank.R4>(weightMap as never),
        bias && tf.zeros<tf.Rank.R3>(bias as never),
        options,
      );
    });

  it.each([
    ['x of rank 3', { x: [5, 6, 2] }, /x: got shape \[5, 6, 2\]; expected \[batch, height, width, Ci\]/],
    ['a weight map of rank 3', { weightMap: [5, 6, 2] }, /weightMap: got shape \[5, 6, 2\]/],
    [
      'height and width swapped',
      { weightMap: [6, 5, 2, 3] },
      /for x of shape \[1, 5, 6, 2\]; expected \[5, 6, 2, Co\]/,
    ],
    ['other channels', { weightMap: [5, 6, 1, 3] }, /weightMap: got shape \[5, 6, 1, 3\]/],
    ['a bias a channel', { bias: [3] }, /bias: got shape \[3\]/],
    ['a bias of the input’s size', { bias: [5, 6, 3] }, /bias: got shape \[5, 6, 3\]; expected \[3, 4, 3\]/],
    [
      'a bias of the size before striding',
      { bias: [3, 4, 3], options: { strides: 2 } },
      /expected \[2, 2, 3\]/,
    ],
    [
      'a window larger than the map',
      { options: { kernelSize: 6 } },
      /kernelSize: got 6 .* 5×6 pixels; expected at most 5/,
    ],
    [
      'a broken kernel size',
      { options: { kernelSize: 2.5 } },
      /kernelSize: got 2.5; expected an integer of at least 1/,
    ],
    ['no kernel', { options: { kernelSize: 0 } }, /kernelSize: got 0/],
    ['a kernel size that is no number', { options: { kernelSize: '3' as never } }, /kernelSize: got '3'/],
    ['no stride', { options: { strides: 0 } }, /strides: got 0; expected an integer of at least 1/],
    [
      'three strides',
      { options: { strides: [1, 1, 1] as never } },
      /strides: got \[1, 1, 1\]; expected a number or/,
    ],
    ['negative padding', { options: { padding: -1 } }, /padding: got -1; expected an integer of at least 0/],
    [
      'an unknown padding',
      { options: { padding: 'full' as never } },
      /padding: got 'full'; expected 'valid', 'same'/,
    ],
    ['half a padding', { options: { padding: [1, 1] as never } }, /padding: got \[1, 1\]/],
    ['NaN in the padding', { options: { padding: [[0, NaN], [0, 0]] } }, /padding: got NaN/], // prettier-ignore
  ])('%s', (_, args, message) => {
    expect(() => call(args as Parameters<typeof call>[0])).toThrow(message);
  });

  it('integers and plain arrays', () => {
    tf.tidy(() => {
      const [x, w] = [tf.zeros<tf.Rank.R4>([1, 5, 6, 2]), tf.zeros<tf.Rank.R4>([5, 6, 2, 3])];
      expect(() => unsharp(x.toInt(), w)).toThrow(/unsharp: x: got dtype int32; expected float32/);
      expect(() => unsharp([[0]] as never, w)).toThrow(/unsharp: x: got \[\[0\]\]; expected a tensor/);
    });
  });

  it('and so does the size helper', () => {
    expect(() => weightMapOutputSize([4, 9], { kernelSize: 5, padding: 'valid' })).toThrow(/at most 4/);
    expect(() => weightMapOutputSize([4, 0], { padding: 'same' })).toThrow(/input width: got 0/);
  });
});

describe('a layer refuses', () => {
  it.each([
    ['no filters', { filters: 0, seed: 1 }, /SmoothingWeightMap: filters: got 0/],
    ['no seed', { filters: 1 }, /seed: got undefined; expected an integer/],
    [
      'an unknown fan-in',
      { filters: 1, seed: 1, fanIn: 'pixels' },
      /fanIn: got 'pixels'; expected 'window', 'channels', 'map'/,
    ],
    [
      'a broken kernel size',
      { filters: 1, seed: 1, kernelSize: 1.5 },
      /SmoothingWeightMap: kernelSize: got 1.5/,
    ],
    ['an unknown activation', { filters: 1, seed: 1, activation: 'softmix' }, /softmix/],
  ])('%s', (_, args, message) => {
    expect(() => smoothingWeightMap(args as never)).toThrow(message);
  });

  it('inputs of unknown size, when it is built', () => {
    const input = tf.input({ shape: [null, 28, 1] });
    for (const layer of [unsharpWeightMap({ filters: 1, seed: 1 }), inputScale()])
      expect(() => layer.apply(input)).toThrow(
        /got inputs of shape \[null, null, 28, 1\]; .* all but batch known/,
      );
    const flat = tf.input({ shape: [784] });
    expect(() => smoothingWeightMap({ filters: 1, seed: 1 }).apply(flat)).toThrow(/\[null, 784\]/);
  });
});
