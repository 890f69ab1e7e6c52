import { describe, expect, it } from 'vitest';
import { darkBackground, shareOnBackground } from '../src/_background.js';
import { hoyerSparsity, relativeEntropy } from '../src/index.js';

const flat = (n: number) => new Float32Array(n).fill(0.7);
const single = (n: number) => Float32Array.from({ length: n }, (_, i) => (i === 3 ? 0.2 : 0));
/** m of n equal, the others 0. */
const some = (m: number, n: number) => Float32Array.from({ length: n }, (_, i) => (i < m ? 5 : 0));

describe('hoyerSparsity', () => {
  it('is 1 for a single place, 0 for a flat map', () => {
    for (const n of [4, 24, 484]) {
      expect(hoyerSparsity(single(n))).toBeCloseTo(1, 12);
      expect(hoyerSparsity(flat(n))).toBeCloseTo(0, 6);
    }
  });

  it('is (√n − √m)/(√n − 1) for m equal places of n, at any scale', () => {
    for (const m of [2, 9, 50])
      expect(hoyerSparsity(some(m, 100))).toBeCloseTo((10 - Math.sqrt(m)) / (10 - 1), 12);
    const map = [0.1, 0, 0.4, 0.9];
    expect(hoyerSparsity(map)).toBeCloseTo((2 - 1.4 / Math.sqrt(0.98)) / (2 - 1), 12);
    expect(hoyerSparsity(map.map((value) => 1e-6 * value))).toBeCloseTo(hoyerSparsity(map)!, 12);
  });

  it('says nothing of an empty map, nor of one place', () => {
    expect(hoyerSparsity(new Float32Array(9))).toBeNull();
    expect(hoyerSparsity([1])).toBeNull();
  });
});

describe('relativeEntropy', () => {
  it('is 0 for a single place, 1 for a flat map', () => {
    for (const n of [4, 24, 484]) {
      expect(relativeEntropy(single(n))).toBeCloseTo(0, 12);
      expect(relativeEntropy(flat(n))).toBeCloseTo(1, 12);
    }
  });

  it('is log m / log n for m equal places of n, and −Σ p·log p / log n of any', () => {
    expect(relativeEntropy(some(10, 100))).toBeCloseTo(0.5, 12);
    const p = [0.5, 0.25, 0.125, 0.125, 0];
    const expected = -p.reduce((sum, q) => sum + (q && q * Math.log2(q)), 0) / Math.log2(5);
    expect(relativeEntropy(p.map((q) => 8 * q))).toBeCloseTo(expected, 12);
  });

  it('says nothing of an empty map', () => {
    expect(relativeEntropy(new Float32Array(9))).toBeNull();
  });
});

describe('the background', () => {
  it('is what is within the lowest tenth of the image’s range', () => {
    expect([...darkBackground([20, 29, 30, 31, 120, 25], 1)]).toEqual([1, 1, 1, 0, 0, 1]);
  });

  it('is dark in every channel', () => {
    expect([...darkBackground([0, 0, 0, 0, 0, 255, 9, 9, 9], 3)]).toEqual([1, 0, 1]);
  });

  it('marks nothing in an image without contrast', () => {
    expect([...darkBackground([7, 7, 7, 7], 1)]).toEqual([0, 0, 0, 0]);
  });
});

describe('shareOnBackground', () => {
  it('weighs places by the pixels that they are under', () => {
    const map = [1, 0.5, 0, 0.25];
    const pixels = Int32Array.of(0, 0, 1, 1, 2, 3, -1, -1);
    const background = Uint8Array.of(1, 0, 1, 1, 1, 0, 1, 0);
    // Behind: 1 + 0.5 + 0.5 + 0. In all: 2·1 + 2·0.5 + 0 + 0.25; pixels without a place take no part.
    expect(shareOnBackground(map, pixels, background)).toBeCloseTo(2 / 3.25, 12);
  });

  it('is 0 without a background, 1 where the map lies all on it, and nothing for an empty map', () => {
    const pixels = Int32Array.of(0, 1);
    expect(shareOnBackground([1, 1], pixels, Uint8Array.of(0, 0))).toBe(0);
    expect(shareOnBackground([1, 0], pixels, Uint8Array.of(1, 0))).toBe(1);
    expect(shareOnBackground([0, 0], pixels, Uint8Array.of(1, 0))).toBeNull();
    expect(shareOnBackground([1, 0], Int32Array.of(1, -1), Uint8Array.of(1, 0))).toBeNull();
  });
});
