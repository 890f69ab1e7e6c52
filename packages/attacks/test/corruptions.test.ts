import * as tf from '@tensorflow/tfjs';
import { randomStream, type Attack, type Classifier } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import {
  attacks,
  contrast,
  corruptions,
  gaussianBlur,
  gaussianNoise,
  impulseNoise,
  saltAndPepper,
} from '../src/index.js';
import { labelsOf, randomImages } from './_fixtures.js';
import { clip, rowsOf } from './_plain.js';

useEngine();

const BOUNDS = [-1, 2] as const;

/** Anything goes in, class 0 comes out. */
const indifferent = ([, height, width, channels]: number[]): Classifier => ({
  classes: 2,
  inputShape: [height, width, channels],
  bounds: BOUNDS,
  logits: (x) => tf.zeros([x.shape[0], 2]),
});

const corrupted = (attack: Attack, images: tf.Tensor4D, strengths: number[]) =>
  attack
    .run(indifferent(images.shape), images, labelsOf(...new Array<number>(images.shape[0]).fill(0)), {
      strengths,
      random: randomStream(9, 'noise'),
    })
    .map(({ adversarial }) => rowsOf(adversarial));

describe('gaussian noise', () => {
  it('adds σ times the stream’s normal numbers, and clips', () => {
    const images = randomImages([2, 5, 4, 3], BOUNDS);
    const n = randomStream(9, 'noise').normals(images.size);
    const [weak, strong] = corrupted(gaussianNoise(), images, [0.1, 1.5]);
    const x = rowsOf(images).flat();
    expect(weak.flat()).toBeAllclose(
      x.map((v, i) => clip(v + 0.1 * n[i], ...BOUNDS)),
      1e-5,
    );
    expect(strong.flat()).toBeAllclose(
      x.map((v, i) => clip(v + 1.5 * n[i], ...BOUNDS)),
      1e-5,
    );
  });
});

describe.each([
  { id: 'salt-and-pepper', create: saltAndPepper, together: true },
  { id: 'impulse-noise', create: impulseNoise, together: false },
])('$id', ({ create, together }) => {
  const images = () => tf.fill<tf.Rank.R4>([4, 30, 25, 3], 0.5);
  const sites = together ? 4 * 30 * 25 : 4 * 30 * 25 * 3;

  it('makes a share black and white, half and half, and nothing else', () => {
    const [pixels] = corrupted(create(), images(), [0.2]).map((rows) => rows.flat());
    const count = (value: number) => pixels.filter((pixel) => pixel === value).length / pixels.length;
    for (const value of BOUNDS)
      expect(Math.abs(count(value) - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / sites));
    expect(count(BOUNDS[0]) + count(BOUNDS[1]) + count(0.5)).toBeCloseTo(1, 10);
  });

  it(together ? 'hits the channels of a pixel together' : 'hits each channel on its own', () => {
    const pixels = corrupted(create(), images(), [0.2])[0].flat();
    const alike = Array.from(
      { length: pixels.length / 3 },
      (_, p) => new Set(pixels.slice(3 * p, 3 * p + 3)).size === 1,
    );
    const share = alike.filter(Boolean).length / alike.length;
    if (together) expect(share).toBe(1);
    else expect(share).toBeCloseTo(0.8 ** 3 + 2 * 0.1 ** 3, 1);
  });

  it('hits more with a larger share, what it hit before included, and all from 1 on', () => {
    const [few, many, all, more] = corrupted(create(), images(), [0.1, 0.4, 1, 7]).map((rows) => rows.flat());
    few.forEach((pixel, i) => {
      if (pixel !== 0.5) expect(many[i]).toBe(pixel);
    });
    expect(all.every((pixel) => pixel !== 0.5)).toBe(true);
    expect(more).toEqual(all);
  });
});

describe('gaussian blur', () => {
  it.each([0.3, 0.8, 2.5])('weights the surroundings, borders going on (width %d)', (width) => {
    const shape = [2, 6, 5, 2] as const;
    const images = randomImages([...shape], [-0.5, 1]);
    const x = images.arraySync();
    const reach = Math.floor(4 * width + 0.5);
    const expected: number[] = [];
    for (let i = 0; i < shape[0]; i++)
      for (let r = 0; r < shape[1]; r++)
        for (let c = 0; c < shape[2]; c++)
          for (let k = 0; k < shape[3]; k++) {
            let [sum, total] = [0, 0];
            for (let dr = -reach; dr <= reach; dr++)
              for (let dc = -reach; dc <= reach; dc++) {
                const weight = Math.exp(-(dr ** 2 + dc ** 2) / (2 * width ** 2));
                sum += weight * x[i][clip(r + dr, 0, shape[1] - 1)][clip(c + dc, 0, shape[2] - 1)][k];
                total += weight;
              }
            expected.push(sum / total);
          }
    expect(corrupted(gaussianBlur(), images, [width])[0].flat()).toBeAllclose(expected, 1e-5);
  });
});

describe('contrast', () => {
  it('draws every channel towards its mean', () => {
    const images = randomImages([2, 3, 4, 2], BOUNDS);
    const [some, all] = corrupted(contrast(), images, [0.6, 1.7]);
    rowsOf(images).forEach((x, i) =>
      [0, 1].forEach((channel) => {
        const own = x.filter((_, j) => j % 2 === channel);
        const mean = own.reduce((sum, v) => sum + v, 0) / own.length;
        const of = (row: number[]) => row.filter((_, j) => j % 2 === channel);
        expect(of(some[i])).toBeAllclose(
          own.map((v) => mean + 0.4 * (v - mean)),
          1e-5,
        );
        expect(of(all[i])).toBeAllclose(
          own.map(() => mean),
          1e-5,
        );
      }),
    );
  });
});

describe('the severities of the benchmarks', () => {
  it('are strengths of registered noise, five each, rising', () => {
    for (const kinds of Object.values(corruptions))
      for (const [id, severities] of Object.entries<readonly number[]>(kinds)) {
        expect(attacks[id as keyof typeof attacks]().kind).toBe('noise');
        expect(severities.length).toBe(5);
        expect([...severities].sort((a, b) => a - b)).toEqual([...severities]);
      }
  });
});
