import * as tf from '@tensorflow/tfjs';
import { divergingColour } from '@weightmap/metrics';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { inputScale, smoothingWeightMap } from '@weightmap/wm-layers';
import { describe, expect, it } from 'vitest';
import { paintMaps } from '../src/engine/paint-maps.js';
import { ticksOf } from '../src/view/weight-map-panel.js';

useEngine('cpu');

const withLayer = (layer: tf.layers.Layer) =>
  tf.sequential({
    layers: [layer, tf.layers.flatten(), tf.layers.dense({ units: 2, kernelInitializer: 'ones' })],
  });

describe('painted weight maps', () => {
  it('show each channel by itself, the mean over the input, on one scale around 0', () =>
    expectNoLeak(() => {
      const model = withLayer(
        smoothingWeightMap({ inputShape: [1, 3, 2], filters: 2, kernelSize: 1, seed: 1 }),
      );
      // [height 1, width 3, inputs 2, channels 2]
      const weights = [1, 0, 3, 0, -1, 0.5, 0, 0.5, 0, -4, 0, 0];
      const [map, bias] = model.layers[0].getWeights();
      tf.tidy(() => model.layers[0].setWeights([tf.tensor(weights, map.shape), bias]));
      const painted = paintMaps(model)!;
      expect(painted).toMatchObject({
        inputs: 2,
        neutral: 0,
        limit: 2,
        channels: [{ range: [-0.5, 2] }, { range: [-2, 0.5] }],
      });
      const colours = painted.channels.map(({ picture }) =>
        [0, 1, 2].map((place) => [...picture.rgba.subarray(4 * place, 4 * place + 3)]),
      );
      expect(colours).toEqual([
        [2, -0.5, 0].map((value) => divergingColour(value / 2)),
        [0, 0.5, -2].map((value) => divergingColour(value / 2)),
      ]);
      expect(divergingColour(0)).toEqual([255, 255, 255]);
      expect([divergingColour(-1), divergingColour(3)]).toEqual([
        [0, 114, 178],
        [213, 94, 0],
      ]);
      model.dispose();
    }));

  it('of a scale, which starts as 1, are around 1', () =>
    expectNoLeak(() => {
      const model = withLayer(inputScale({ inputShape: [2, 2, 1] }));
      expect(paintMaps(model)).toMatchObject({ neutral: 1, limit: 0, channels: [{ range: [1, 1] }] });
      expect([...paintMaps(model)!.channels[0].picture.rgba].every((value) => value === 255)).toBe(true);
      tf.tidy(() => model.layers[0].setWeights([tf.tensor([1, 1.5, 0.5, 1], [2, 2, 1])]));
      expect(paintMaps(model)).toMatchObject({ neutral: 1, limit: 0.5, channels: [{ range: [0.5, 1.5] }] });
      model.dispose();
    }));

  it('are none for convolutions', () => {
    const model = withLayer(
      tf.layers.conv2d({ inputShape: [3, 3, 1], filters: 1, kernelSize: 1, kernelInitializer: 'ones' }),
    );
    expect(paintMaps(model)).toBeNull();
    model.dispose();
  });
});

describe('the colour bar', () => {
  const texts = (neutral: number, limit: number) => ticksOf(neutral, limit).map(({ text }) => text);

  it('has its ends, the neutral weight, and 1 where it is on it', () => {
    expect(texts(0, 0.8)).toEqual(['−0.8', '0', '0.8']);
    expect(texts(0, 2)).toEqual(['−2', '0', '1', '2']);
    expect(texts(0, 1.05)).toEqual(['−1.1', '0', '1.1']); // no room between 1 and the end
    expect(texts(1, 0.5)).toEqual(['0.5', '1', '1.5']);
    expect(texts(1, 3)).toEqual(['−2', '0', '1', '4']);
    expect(texts(1, 0)).toEqual(['1']);
    expect(ticksOf(0, 2).map(({ share }) => share)).toEqual([0, 0.5, 0.75, 1]);
  });
});
