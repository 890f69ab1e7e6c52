import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  balancedSubset,
  batchesOf,
  batchOf,
  countOf,
  firstOf,
  imageSet,
  pick,
  randomStream,
  restoreStream,
  splitOff,
  tensorsOf,
  WeightmapError,
  type ImageSpec,
  type RandomState,
} from '../src/index.js';

const spec: ImageSpec = { height: 2, width: 3, channels: 1, classes: ['a', 'b'] };
const tenImages = imageSet(
  spec,
  Uint8Array.from({ length: 60 }, (_, i) => i * 4),
  Uint8Array.from({ length: 10 }, (_, i) => i % 2),
);

beforeAll(() => tf.setBackend('cpu'));

describe('randomStream', () => {
  it('repeats for the same name and differs for another name or seed', () => {
    const draw = (...name: [number, ...string[]]) => [...randomStream(...name).uniforms(5)];
    expect(draw(1, 'noise')).toEqual(draw(1, 'noise'));
    expect(draw(1, 'noise')).not.toEqual(draw(1, 'split'));
    expect(draw(1, 'noise')).not.toEqual(draw(2, 'noise'));
  });

  it('goes on where a stored state left it', () => {
    const stream = randomStream(7, 'x');
    stream.uniforms(10);
    const copy = restoreStream(JSON.parse(JSON.stringify(stream.state())) as RandomState);
    expect([...copy.uniforms(5)]).toEqual([...stream.uniforms(5)]);
  });

  it('is uniform: mean and variance of U(2, 4), within five standard errors', () => {
    const n = 100_000;
    const values = randomStream(3, 'u').uniforms(n, 2, 4);
    const mean = values.reduce((a, b) => a + b, 0) / n;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
    expect(Math.abs(mean - 3)).toBeLessThan(5 * Math.sqrt(1 / 3 / n));
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(0.01);
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(2);
    expect(Math.max(...values.slice(0, 1000))).toBeLessThan(4);
  });

  it('is normal: moments and shares within five standard errors, neighbours independent', () => {
    const n = 100_001;
    const values = randomStream(3, 'n').normals(n);
    const mean = (f: (value: number, i: number) => number) =>
      values.reduce((sum, value, i) => sum + f(value, i), 0) / n;
    const close = (actual: number, expected: number, variance: number) =>
      expect(Math.abs(actual - expected)).toBeLessThan(5 * Math.sqrt(variance / n));
    // The moments, and the variances that such powers have.
    for (const [power, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ])
      close(
        mean((z) => z ** power),
        expected,
        variance,
      );
    close(
      mean((z) => Number(Math.abs(z) < 1)),
      0.682689,
      0.2166,
    );
    close(
      mean((z, i) => (i > 0 ? z * values[i - 1] : 0)),
      0,
      1,
    );
    expect([...values.slice(0, 7)]).toEqual([...randomStream(3, 'n').normals(7)]);
  });

  it('permutes: every index once, each first about equally often', () => {
    const firsts = new Array<number>(5).fill(0);
    for (let i = 0; i < 5000; i++) {
      const order = randomStream(i, 'p').permutation(5);
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
      firsts[order[0]]++;
    }
    for (const times of firsts) expect(Math.abs(times - 1000)).toBeLessThan(150);
  });
});

describe('image sets', () => {
  it('are checked: bytes that do not fill the shape, labels that are no class', () => {
    expect(() => imageSet(spec, new Uint8Array(5), new Uint8Array(1))).toThrow(WeightmapError);
    expect(() => imageSet(spec, new Uint8Array(6), Uint8Array.of(2))).toThrow('Image 0 has the label 2');
  });

  it('become tensors in [0, 1], in the order asked for', () => {
    const { images, labels } = batchOf(tenImages, [3, 0]);
    expect(images.shape).toEqual([2, 2, 3, 1]);
    expect([...images.dataSync()]).toEqual(
      [18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5].map((i) => Math.fround((i * 4) / 255)),
    );
    expect([...labels.dataSync()]).toEqual([1, 0]);
    tf.dispose([images, labels]);
  });

  it('become tensors within the bounds asked for, never past them', () => {
    const range = { bounds: [-1, 3] as const };
    for (const { images, labels } of [
      batchOf(tenImages, [3], range),
      tensorsOf(pick(tenImages, [3]), range),
    ]) {
      expect([...images.dataSync()]).toEqual(
        [18, 19, 20, 21, 22, 23].map((i) => Math.fround(-1 + (4 * i * 4) / 255)),
      );
      tf.dispose([images, labels]);
    }
    for (const { images } of batchesOf(tenImages, 10, range)) expect(images.min().dataSync()[0]).toBe(-1);
    const ends = imageSet(spec, Uint8Array.of(0, 255, 0, 255, 0, 255), Uint8Array.of(0));
    for (const bounds of [
      [-0.3, 0.7],
      [0.1, 0.3],
      [-2.2, 1 / 3],
    ] as const) {
      const { images } = tensorsOf(ends, { bounds });
      const [low, high] = [Math.min(...images.dataSync()), Math.max(...images.dataSync())];
      expect([low, high]).toEqual(bounds.map(Math.fround));
    }
  });

  it('split into disjoint parts that together are the whole, by seed', () => {
    const [rest, share] = splitOff(tenImages, 0.25, randomStream(1, 'split'));
    expect([countOf(rest), countOf(share)]).toEqual([8, 2]);
    const firstPixels = [rest, share].flatMap((set) => [...set.labels].map((_, i) => set.pixels[i * 6]));
    expect(firstPixels.sort((a, b) => a - b)).toEqual([...tenImages.labels].map((_, i) => i * 24));
    const [other] = splitOff(tenImages, 0.25, randomStream(2, 'split'));
    expect([...other.pixels]).not.toEqual([...rest.pixels]);
  });

  it('have balanced subsets: seeded, each the beginning of a larger one, classes skipped when they are used up', () => {
    // Sorted by class, as a file may be: the first images are all of one class. Pixel 0 is the image's index.
    const three: ImageSpec = { ...spec, classes: ['a', 'b', 'c'] };
    const labels = [
      ...new Array<number>(20).fill(0),
      ...new Array<number>(3).fill(1),
      ...new Array<number>(10).fill(2),
    ];
    const set = imageSet(
      three,
      Uint8Array.from(labels.flatMap((_, i) => [i, 0, 0, 0, 0, 0])),
      Uint8Array.from(labels),
    );
    const indicesOf = (count: number, seed = 1) => {
      const subset = balancedSubset(set, count, { seed });
      const indices = [...subset.labels].map((_, i) => subset.pixels[i * 6]);
      expect([...subset.labels], 'labels stay with their images').toEqual(
        indices.map((index) => labels[index]),
      );
      return indices;
    };
    const largest = indicesOf(32);
    expect(new Set(largest).size, 'no image twice').toBe(32);
    for (let count = 0; count <= 32; count++) {
      const indices = indicesOf(count);
      expect(indices).toEqual(largest.slice(0, count));
      const counts = [0, 1, 2].map((label) => indices.filter((index) => labels[index] === label).length);
      // Each class has as many as the fairest division gives it: as many as any other, or all that it has.
      const most = Math.max(...counts);
      counts.forEach((found, label) =>
        expect(found).toBeGreaterThanOrEqual(Math.min(most - 1, [20, 3, 10][label])),
      );
    }
    expect(indicesOf(12)).not.toEqual(indicesOf(12, 2));
    expect(indicesOf(12)).not.toEqual([0, 20, 23, 1, 21, 24, 2, 22, 25, 3, 26, 4]);
    expect(balancedSubset(set, 33, { seed: 1 })).toBe(set);
    expect(balancedSubset(set, Infinity, { seed: 1 })).toBe(set);
    for (const count of [-1, 1.5, Number.NaN])
      expect(() => balancedSubset(set, count, { seed: 1 })).toThrow(WeightmapError);
  });

  it('come in batches, the last one smaller, and leave no tensor behind', () => {
    const before = tf.memory().numTensors;
    const seen = [...batchesOf(firstOf(tenImages, 7), 3)].map(({ start }) => start);
    expect(seen).toEqual([0, 3, 6]);
    for (const { images } of batchesOf(pick(tenImages, [9]), 3)) {
      expect(images.dataSync()[0]).toBeCloseTo((54 * 4) / 255);
      break;
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('WeightmapError', () => {
  it('shows both ends of a long name or value out of a damaged file', () => {
    const long = `begins ${'x'.repeat(1e6)} ends`;
    const error = new WeightmapError(long, { where: long, expected: 'short' });
    for (const text of [error.message, error.details.where]) {
      expect(text).toMatch(/^begins xx[^]*\(1000012 characters\)[^]*xx ends$/);
      expect(text!.length).toBeLessThan(1000);
    }
    expect(error.details.expected).toBe('short');
    expect(error.explain().length).toBeLessThan(2100);
  });
});
