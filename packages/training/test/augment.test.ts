import { imageSet, randomStream, type RandomStream } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { padCrop } from '../src/index.js';

/** A stream that gives these integers. */
const scripted = (...integers: number[]): RandomStream => ({
  ...randomStream(0),
  integer: (below) => {
    const next = integers.shift()!;
    expect(next).toBeLessThan(below);
    return next;
  },
});

const set = imageSet(
  { height: 3, width: 3, channels: 1, classes: ['a'] },
  Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9),
  Uint8Array.of(0, 0),
);

describe('padCrop', () => {
  it('shifts each image by its own offset and fills with zeros', () => {
    const cropped = padCrop(set, scripted(0, 3, 4, 2));
    // Window at row 0, column 3 of the padded image: two rows down, one column left.
    expect([...cropped.pixels.subarray(0, 9)]).toEqual([0, 0, 0, 0, 0, 0, 2, 3, 0]);
    // Row 4, column 2: two rows up, columns as they were.
    expect([...cropped.pixels.subarray(9)]).toEqual([7, 8, 9, 0, 0, 0, 0, 0, 0]);
    expect(cropped.labels).toBe(set.labels);
  });

  it('leaves the image alone at the middle offset, and its argument always', () => {
    const before = [...set.pixels];
    expect([...padCrop(set, scripted(2, 2, 2, 2)).pixels]).toEqual(before);
    padCrop(set, scripted(0, 0, 0, 0));
    expect([...set.pixels]).toEqual(before);
  });

  it('equals padding and slicing literally, with channels, non-square images and every offset', () => {
    const [height, width, channels] = [4, 5, 3];
    const pixels = Uint8Array.from({ length: height * width * channels }, (_, i) => i + 1);
    const colour = imageSet({ height, width, channels, classes: ['a'] }, pixels, Uint8Array.of(0));
    for (let top = 0; top < 5; top++)
      for (let left = 0; left < 5; left++) {
        const expected: number[] = [];
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            for (let c = 0; c < channels; c++) {
              const [row, column] = [y + top - 2, x + left - 2];
              const inside = row >= 0 && row < height && column >= 0 && column < width;
              expected.push(inside ? pixels[(row * width + column) * channels + c] : 0);
            }
        expect([...padCrop(colour, scripted(top, left)).pixels]).toEqual(expected);
      }
  });

  it('draws all 25 offsets', () => {
    const count = 500;
    const dot = new Uint8Array(count * 25);
    for (let i = 0; i < count; i++) dot[i * 25 + 12] = 1;
    const dots = imageSet({ height: 5, width: 5, channels: 1, classes: ['a'] }, dot, new Uint8Array(count));
    const { pixels } = padCrop(dots, randomStream(1, 'augment', 1));
    const places = Array.from({ length: count }, (_, i) => pixels.subarray(i * 25, (i + 1) * 25).indexOf(1));
    expect(new Set(places).size).toBe(25);
    expect(places).not.toContain(-1);
  });
});
