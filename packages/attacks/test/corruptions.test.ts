import * as tf from '@tensorflow/tfjs';
import { randomStream, type Attack, type Classifier } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import {
  attacks,
  brightness,
  contrast,
  corruptions,
  gaussianBlur,
  gaussianNoise,
  impulseNoise,
  pixelate,
  saltAndPepper,
  shotNoise,
  speckleNoise,
} from '../src/index.js';
import { labelsOf, randomImages } from './_fixtures.js';
import { clip, rowsOf } from './_plain.js';

useEngine('cpu');

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

describe('speckle noise', () => {
  it('adds σ times brightness times the stream’s normal numbers, and clips', () => {
    const images = randomImages([2, 5, 4, 3], BOUNDS);
    const n = randomStream(9, 'noise').normals(images.size);
    const x = rowsOf(images).flat();
    corrupted(speckleNoise(), images, [0.1, 1.5]).forEach((pixels, i) =>
      expect(pixels.flat()).toBeAllclose(
        x.map((v, j) => clip(v + [0.1, 1.5][i] * (v + 1) * n[j], ...BOUNDS)),
        1e-5,
      ),
    );
  });
});

describe('shot noise', () => {
  it.each([1 / 3, 1 / 60, 1 / 500])(
    'counts photons, by the quantiles of their distribution (s = %d)',
    (grain) => {
      const images = randomImages([1, 6, 5, 2], BOUNDS);
      const u = randomStream(9, 'noise').uniforms(images.size);
      const expected = rowsOf(images)[0].map((x, i) => {
        const mean = (x + 1) / 3 / grain;
        // P(K ≤ k) summed from 0; e^(−500) is still a number.
        let [k, probability] = [0, Math.exp(-mean)];
        let sum = probability;
        while (sum <= u[i]) sum += probability *= mean / ++k;
        return clip(-1 + 3 * grain * k, ...BOUNDS);
      });
      expect(corrupted(shotNoise(), images, [grain])[0].flat()).toBeAllclose(expected, 1e-4);
    },
  );

  it('has the mean of the image and the grain as variance, and leaves black alone', () => {
    const gray = tf.fill<tf.Rank.R4>([1, 100, 100, 1], 0.5);
    const [[pixels], [fine]] = corrupted(shotNoise(), gray, [0.02, 1e-5]);
    const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = (values: number[]) => mean(values.map((v) => v * v)) - mean(values) ** 2;
    // In bounds of width 3: 3² · s · brightness ½; five standard errors.
    expect(Math.abs(mean(pixels) - 0.5)).toBeLessThan(5 * Math.sqrt(0.09 / 1e4));
    expect(variance(pixels)).toBeGreaterThan(0.09 * 0.92);
    expect(variance(pixels)).toBeLessThan(0.09 * 1.08);
    expect(variance(fine)).toBeCloseTo(9 * 1e-5 * 0.5, 5);
    const black = tf.fill<tf.Rank.R4>([1, 3, 3, 1], -1);
    expect(corrupted(shotNoise(), black, [0.3])[0].flat()).toEqual(new Array(9).fill(-1));
  });
});

describe('brightness', () => {
  it('adds to the value of hue, saturation and value', () => {
    const black = tf.fill<tf.Rank.R4>([1, 6, 5, 3], -1);
    const images = tf.concat<tf.Tensor4D>([randomImages([1, 6, 5, 3], BOUNDS), black]);
    const [some, all] = corrupted(brightness(), images, [0.6, 9]);
    const shifted = (shift: number) =>
      rowsOf(images).map((row) => {
        const pixels = [];
        for (let p = 0; p < row.length; p += 3) {
          const { hue, saturation, value } = toHsv(row.slice(p, p + 3).map((v) => (v + 1) / 3));
          pixels.push(
            ...fromHsv({ hue, saturation, value: Math.min(1, value + shift / 3) }).map((v) => 3 * v - 1),
          );
        }
        return pixels;
      });
    expect(some.flat()).toBeAllclose(shifted(0.6).flat(), 1e-5);
    expect(all.flat()).toBeAllclose(shifted(9).flat(), 1e-5);
  });

  it('adds to gray as it is', () => {
    const images = randomImages([2, 3, 4, 1], BOUNDS);
    expect(corrupted(brightness(), images, [0.25])[0].flat()).toBeAllclose(
      rowsOf(images)
        .flat()
        .map((v) => clip(v + 0.25, ...BOUNDS)),
      1e-5,
    );
  });

  /** Of three channels in [0, 1]; the hue in sixths of the circle. */
  function toHsv(rgb: number[]) {
    const [value, least] = [Math.max(...rgb), Math.min(...rgb)];
    const [r, g, b] = rgb;
    const chroma = value - least;
    if (chroma === 0) return { hue: 0, saturation: 0, value };
    const hue =
      value === r ? ((g - b) / chroma + 6) % 6 : value === g ? (b - r) / chroma + 2 : (r - g) / chroma + 4;
    return { hue, saturation: chroma / value, value };
  }

  const fromHsv = ({ hue, saturation, value }: ReturnType<typeof toHsv>) =>
    [5, 3, 1].map((n) => {
      const k = (n + hue) % 6;
      return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
    });
});

describe('pixelation', () => {
  /** Pixels of the small image: those along an axis whose centres it covers, from the first on. */
  const covered = (i: number, small: number, size: number) =>
    Array.from({ length: size }, (_, p) => p).filter(
      (p) => p + 0.5 > (i * size) / small && p + 0.5 <= ((i + 1) * size) / small,
    );

  it.each([
    [0.4, 4, 3],
    [0.7, 2, 1],
    [0.999, 1, 1],
    [3, 1, 1],
  ])('draws the means over blocks (r = %d)', (reduction, rows, columns) => {
    const images = randomImages([2, 7, 5, 2], BOUNDS);
    const x = images.arraySync();
    const expected = x.map((image) =>
      image.map((line, r) =>
        line.map((pixel, c) =>
          pixel.map((_, channel) => {
            const over = covered(Math.floor(((r + 0.5) * rows) / 7), rows, 7).flatMap((i) =>
              covered(Math.floor(((c + 0.5) * columns) / 5), columns, 5).map((j) => image[i][j][channel]),
            );
            return over.reduce((sum, v) => sum + v, 0) / over.length;
          }),
        ),
      ),
    );
    expect(corrupted(pixelate(), images, [reduction])[0].flat()).toBeAllclose(expected.flat(3), 1e-5);
  });

  it('takes a centre between two blocks for the lower one, and keeps whole numbers whole', () => {
    // 28 pixels in 16 blocks of 1.75: the second covers the centres in (1.75, 3.5].
    const line = tf.tensor4d(
      Array.from({ length: 28 }, (_, p) => p / 28),
      [1, 1, 28, 1],
    );
    const [pixels] = corrupted(pixelate(), line, [0.4])[0];
    expect(pixels[2]).toBeCloseTo((2 + 3) / 2 / 28, 6);
    const [tenth] = corrupted(pixelate(), line.slice([0, 0, 0, 0], [1, 1, 10, 1]), [0.7])[0];
    expect(new Set(tenth).size).toBe(3);
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
