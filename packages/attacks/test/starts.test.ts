import { randomStream } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { insideBall, onSurface } from '../src/harness/_starts.js';

const COUNT = 4000;
const SIZE = 3;

const points = (values: Float32Array) =>
  Array.from({ length: COUNT }, (_, i) => [...values.subarray(i * SIZE, (i + 1) * SIZE)]);

const lengths = {
  linf: (x: number[]) => Math.max(...x.map(Math.abs)),
  l2: (x: number[]) => Math.hypot(...x),
  l1: (x: number[]) => x.reduce((sum, value) => sum + Math.abs(value), 0),
};

describe.each(Object.keys(lengths) as (keyof typeof lengths)[])('points in the %s ball', (norm) => {
  const drawn = points(insideBall[norm](randomStream(1, norm), COUNT, SIZE));

  it('are uniform along the radius: a share r³ lies within r', () => {
    const radii = drawn.map(lengths[norm]);
    expect(Math.max(...radii)).toBeLessThanOrEqual(1 + 1e-6);
    for (const r of [0.5, 0.7, 0.9]) {
      const share = radii.filter((radius) => radius < r).length / COUNT;
      expect(Math.abs(share - r ** 3)).toBeLessThan(5 * Math.sqrt((r ** 3 * (1 - r ** 3)) / COUNT));
    }
  });

  it('prefer no orthant and no component', () => {
    for (let orthant = 0; orthant < 8; orthant++) {
      const share = drawn.filter((x) => x.every((v, j) => v > 0 === ((orthant >> j) & 1) > 0)).length / COUNT;
      expect(Math.abs(share - 1 / 8)).toBeLessThan(5 * Math.sqrt(7 / 64 / COUNT));
    }
    for (let j = 0; j < SIZE; j++) {
      const share = drawn.filter((x) => Math.abs(x[j]) === lengths.linf(x)).length / COUNT;
      expect(Math.abs(share - 1 / 3)).toBeLessThan(5 * Math.sqrt(2 / 9 / COUNT));
    }
  });
});

describe('points on the surface', () => {
  it('have a component of size 1, and others of any size, on L∞', () => {
    const drawn = points(onSurface.linf(randomStream(1, 'surface'), COUNT, SIZE));
    for (const x of drawn.slice(0, 100)) expect(lengths.linf(x)).toBeCloseTo(1, 6);
    expect(Math.min(...drawn.flat().map(Math.abs))).toBeLessThan(0.01);
  });

  it('have the length 1, and each height as often as any other, on the sphere', () => {
    const drawn = points(onSurface.l2(randomStream(1, 'surface'), COUNT, SIZE));
    for (const x of drawn.slice(0, 100)) expect(lengths.l2(x)).toBeCloseTo(1, 6);
    for (let j = 0; j < SIZE; j++)
      for (const height of [-0.5, 0, 0.8]) {
        const expected = (1 + height) / 2;
        const share = drawn.filter((x) => x[j] < height).length / COUNT;
        expect(Math.abs(share - expected)).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / COUNT));
      }
  });
});
