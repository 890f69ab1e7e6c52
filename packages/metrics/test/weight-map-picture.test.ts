import { describe, expect, it } from 'vitest';
import { divergingColour, weightMapsOf } from '../src/weight-map-picture.js';

describe('weight maps', () => {
  it('are one map for each channel, the mean over the input channels', () => {
    const [height, width, inputs, channels] = [2, 3, 2, 4] as const;
    const weights = Array.from({ length: height * width * inputs * channels }, (_, i) => Math.sin(i));
    const maps = weightMapsOf(weights, [height, width, inputs, channels]);
    expect(maps).toMatchObject({ size: [2, 3], inputs: 2, channels: 4 });
    expect(maps.values).toHaveLength(24);
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const at = (input: number) => weights[((y * width + x) * inputs + input) * channels + c];
          expect(maps.values[(c * height + y) * width + x]).toBeCloseTo((at(0) + at(1)) / 2, 6);
        }
  });

  it('are white at 0, blue below and orange above', () => {
    expect(divergingColour(0)).toEqual([255, 255, 255]);
    expect(divergingColour(-1)).toEqual([0, 114, 178]);
    expect(divergingColour(1)).toEqual([213, 94, 0]);
    expect(divergingColour(0.5)).toEqual([234, 175, 128]);
    expect([divergingColour(-7), divergingColour(7)]).toEqual([divergingColour(-1), divergingColour(1)]);
  });
});
