import { describe, expect, it } from 'vitest';
import { differencePicture, heatPicture, imagePicture } from '../src/view/pictures.js';
import { toDigit } from '../src/view/to-digit.js';

const gray = { height: 2, width: 2, channels: 1 };

describe('pictures', () => {
  it('show gray and colours', () => {
    expect([...imagePicture([0, 1, 0.2, 0.6], gray).rgba]).toEqual(
      [0, 255, 51, 153].flatMap((value) => [value, value, value, 255]),
    );
    expect([...imagePicture([1, 0, 0.2], { height: 1, width: 1, channels: 3 }).rgba]).toEqual([
      255, 0, 51, 255,
    ]);
  });

  it('magnify a change to half the range', () => {
    const { rgba, factor } = differencePicture([0.25, 0, 0.5, 0.375], [0, 0.25, 0.5, 0.25], gray);
    expect(factor).toBe(2);
    expect([0, 4, 8, 12].map((at) => rgba[at])).toEqual([255, 0, 128, 191]);
    expect(differencePicture([0, 0, 0, 0], [0, 0, 0, 0], gray).factor).toBe(1);
  });

  it('put each place of a heat map over its part of the image', () => {
    const wide = { height: 1, width: 4, channels: 1 };
    const { rgba } = heatPicture([1, 0], [1, 2], [1, 0, 0, 1], wide);
    const colour = (x: number) => [...rgba.subarray(4 * x, 4 * x + 3)];
    // Inferno ends in #fcffa4 and begins in #000004; 28 % are the image's.
    expect(colour(0)).toEqual([253, 255, 189]);
    expect(colour(1)).toEqual([181, 184, 118]);
    expect(colour(2)).toEqual([0, 0, 3]);
    expect(colour(3)).toEqual([71, 71, 74]);
  });
});

describe('a drawing as a digit', () => {
  it('is 20 of 28 pixels long, its centre of mass in the middle', () => {
    const ink = new Float32Array(280 * 280);
    for (let y = 10; y < 60; y++) for (let x = 200; x < 210; x++) ink[280 * y + x] = 1;
    const digit = toDigit(ink, 280, 28);
    const sum = (weigh: (i: number) => number) =>
      digit.reduce((total, value, i) => total + value * weigh(i), 0);
    const mass = sum(() => 1);
    expect(sum((i) => Math.floor(i / 28)) / mass).toBeCloseTo(13.5, 1);
    expect(sum((i) => i % 28) / mass).toBeCloseTo(13.5, 1);
    const rows = Array.from({ length: 28 }, (_, y) => Math.max(...digit.subarray(28 * y, 28 * (y + 1))));
    expect(rows.filter((value) => value > 0.5)).toHaveLength(20);
    // 50 × 10 pixels become 20 × 4.
    expect(mass).toBeCloseTo(80, -1);
  });

  it('is empty where nothing was drawn', () => {
    expect(toDigit(new Float32Array(100), 10, 28).every((value) => value === 0)).toBe(true);
  });
});
