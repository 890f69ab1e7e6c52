import * as tf from '@tensorflow/tfjs';
import { describeEachEngine, testLayerContract } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import {
  inputScale,
  smoothing,
  smoothingWeightMap,
  unsharp,
  unsharpWeightMap,
  type WeightMapLayerArgs,
} from '../src/index.js';

const inputShape = [7, 6, 2] as const;

await describeEachEngine('layers', () => {
  describe('SmoothingWeightMap', () => {
    const args: WeightMapLayerArgs = {
      name: 'smooth-one',
      filters: 3,
      kernelSize: 4,
      padding: [[1, 2], [0, 3]], // prettier-ignore
      strides: [2, 1],
      activation: 'tanh',
      fanIn: 'channels',
      trainable: true,
      useBias: true,
      seed: 11,
    };
    // 7 + 3 − 3 = 7 rows, every second: 4; 6 + 3 − 3 = 6 columns.
    testLayerContract({
      create: smoothingWeightMap,
      args,
      inputShape,
      parameters: 7 * 6 * 2 * 3 + 4 * 6 * 3,
    });
  });

  describe('UnsharpWeightMap', () => {
    const args: WeightMapLayerArgs = {
      name: 'unsharp-one',
      filters: 2,
      kernelSize: 5,
      padding: 2,
      strides: 2,
      activation: 'sigmoid',
      fanIn: 'map',
      useBias: false,
      seed: 12,
    };
    testLayerContract({ create: unsharpWeightMap, args, inputShape, parameters: 7 * 6 * 2 * 2 });
  });

  describe('InputScale', () => {
    testLayerContract({ create: inputScale, args: { name: 'scale' }, inputShape, parameters: 7 * 6 * 2 });

    it('begins as the identity and multiplies by its map', () => {
      tf.tidy(() => {
        const layer = inputScale();
        const x = tf.randomUniform([2, 2, 3, 1], -1, 1, 'float32', 5);
        expect(layer.apply(x) as tf.Tensor).toBeAllclose(x, 0);
        layer.setWeights([tf.tensor([1, 2, 3, 4, 5, 6], [2, 3, 1])]);
        expect(layer.apply(tf.ones([1, 2, 3, 1])) as tf.Tensor).toBeAllclose([1, 2, 3, 4, 5, 6], 0);
        layer.dispose();
      });
    });
  });

  it('are their operations, with bias and activation', () => {
    tf.tidy(() => {
      const x = tf.randomUniform<tf.Rank.R4>([2, 5, 4, 2], -1, 1, 'float32', 1);
      for (const [make, operation] of [
        [smoothingWeightMap, smoothing],
        [unsharpWeightMap, unsharp],
      ] as const) {
        // prettier-ignore
        const layer = make({ filters: 3, activation: 'relu', seed: 3 });
        const output = layer.apply(x) as tf.Tensor;
        const [weightMap, bias] = layer.getWeights() as [tf.Tensor4D, tf.Tensor3D];
        expect(output.min().dataSync()[0]).toBe(0);
        expect(output).toBeAllclose(operation(x, weightMap, bias).relu(), 0);
        layer.dispose();
      }
    });
  });

  it('draw the same weights on every engine', () => {
    const layer = smoothingWeightMap({ filters: 1, seed: 42, useBias: true });
    layer.apply(tf.input({ shape: [3, 3, 1] }));
    const [weightMap, bias] = layer.getWeights().map((weight) => weight.dataSync());
    // Golden numbers: a change of these changes every published result.
    expect(weightMap.slice(0, 3)).toEqual(
      Float32Array.of(0.1232423335313797, 0.030882978811860085, 0.23039554059505463),
    );
    expect(bias).toEqual(Float32Array.of(-0.12328441441059113));
    layer.dispose();
  });
});

describe('initial weights', () => {
  const weightsOf = (args: Partial<WeightMapLayerArgs>) => {
    const layer = unsharpWeightMap({ filters: 16, kernelSize: 5, seed: 1, ...args });
    layer.apply(tf.input({ shape: [10, 12, 4] }));
    const values = layer.getWeights().map((weight) => [...weight.dataSync()]);
    layer.dispose();
    return values;
  };

  it.each([
    { fanIn: undefined, count: 4 * 25 },
    { fanIn: 'window', count: 4 * 25 },
    { fanIn: 'channels', count: 4 },
    { fanIn: 'map', count: 4 * 10 * 12 },
  ] as const)('fill U(−s, s), s = 1/√$count, for fanIn $fanIn', ({ fanIn, count }) => {
    const bound = 1 / Math.sqrt(count);
    for (const values of weightsOf({ fanIn })) {
      const largest = values.reduce((worst, value) => Math.max(worst, Math.abs(value)), 0);
      expect(largest).toBeLessThanOrEqual(bound);
      expect(largest).toBeGreaterThan(0.99 * bound);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs(mean)).toBeLessThan(0.06 * bound);
    }
  });

  it('depend on the seed, and differ between map and bias', () => {
    const [weightMap, bias] = weightsOf({});
    expect(weightsOf({})).toEqual([weightMap, bias]);
    expect(weightsOf({ seed: 2 })[0]).not.toEqual(weightMap);
    expect(weightsOf({ seed: 2 })[1]).not.toEqual(bias);
    expect(bias).not.toEqual(weightMap.slice(0, bias.length));
  });
});
