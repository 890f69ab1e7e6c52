import { randomStream } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { cutGroups, cutImages } from '../src/_cut-parts.js';
import { failureOf } from './_made.js';

/** [part][class], images. */
function countsOf(parts: Uint8Array, labels: readonly number[], classes: number): number[][] {
  const counts = [0, 1, 2].map(() => Array<number>(classes).fill(0));
  for (const [i, part] of parts.entries()) counts[part][labels[i]]++;
  return counts;
}

/** Σ (have − want)² / want, written out. */
function deviation(parts: Uint8Array, labels: readonly number[], classes: number): number {
  const have = countsOf(parts, labels, classes);
  let sum = 0;
  for (let c = 0; c < classes; c++)
    for (const [part, share] of [0.7, 0.2, 0.1].entries()) {
      const want = share * labels.filter((label) => label === c).length;
      sum += (have[part][c] - want) ** 2 / want;
    }
  return sum;
}

/** Random images: `sizes` of the groups drawn up to `largest`, of one class each or mixed. */
function randomImages(
  seed: number,
  { groups, largest, classes, mixed }: { groups: number; largest: number; classes: number; mixed: boolean },
) {
  const random = randomStream(seed, 'test');
  const labels: number[] = [];
  const names: string[] = [];
  for (let group = 0; group < groups; group++) {
    const size = 1 + random.integer(largest);
    const own = group % classes;
    for (let i = 0; i < size; i++) {
      labels.push(mixed ? random.integer(classes) : own);
      names.push(`group ${group}`);
    }
  }
  const order = [...random.permutation(labels.length)];
  return { labels: order.map((i) => labels[i]), names: order.map((i) => names[i]) };
}

describe('cut by image', () => {
  it.each([
    [1000, [700, 200, 100]],
    [895, [626, 179, 90]],
    [12, [9, 2, 1]],
    [5, [3, 1, 1]],
    [3, [1, 1, 1]],
  ])('%d images of a class give %j, the first ones to learn from', (perClass, expected) => {
    const labels = Array.from({ length: 4 * perClass }, (_, i) => i % 4);
    const parts = cutImages(labels, 4);
    expect(countsOf(parts, labels, 4)).toEqual(expected.map((count) => Array<number>(4).fill(count)));
    for (let c = 0; c < 4; c++) {
      const own = [...parts].filter((_, i) => labels[i] === c);
      expect(own).toEqual(own.toSorted());
    }
  });
});

describe('cut by group', () => {
  it.each([
    { groups: 40, largest: 5, classes: 2, mixed: false },
    { groups: 300, largest: 4, classes: 10, mixed: false },
    { groups: 900, largest: 3, classes: 10, mixed: true },
    { groups: 30, largest: 60, classes: 3, mixed: true },
    { groups: 3, largest: 9, classes: 1, mixed: true },
  ])('no group lies in two parts, every image in one, and no part is empty (%j)', (shape) => {
    for (let seed = 0; seed < 8; seed++) {
      const { labels, names } = randomImages(seed, shape);
      const parts = cutGroups(labels, names, shape.classes, seed);
      expect(parts).toHaveLength(labels.length);
      const partOf = new Map(names.map((name, i) => [name, parts[i]]));
      expect(names.filter((name, i) => partOf.get(name) !== parts[i])).toEqual([]);
      expect(new Set(parts)).toEqual(new Set([0, 1, 2]));
      expect(cutGroups(labels, names, shape.classes, seed)).toEqual(parts);
    }
  });

  it('many small groups come within an image or two of 70/20/10 in every class', () => {
    for (let seed = 0; seed < 5; seed++) {
      const { labels, names } = randomImages(seed, { groups: 600, largest: 4, classes: 4, mixed: false });
      const have = countsOf(cutGroups(labels, names, 4, seed), labels, 4);
      for (let c = 0; c < 4; c++) {
        const total = labels.filter((label) => label === c).length;
        for (const [part, share] of [0.7, 0.2, 0.1].entries())
          expect(Math.abs(have[part][c] - share * total)).toBeLessThanOrEqual(2);
      }
    }
  });

  it('a few large groups come near the best cut there is, found by trying all', () => {
    for (let seed = 0; seed < 12; seed++) {
      const { labels, names } = randomImages(seed, { groups: 7, largest: 40, classes: 2, mixed: true });
      const found = deviation(cutGroups(labels, names, 2, seed), labels, 2);
      const groups = [...new Set(names)];
      let best = Number.POSITIVE_INFINITY;
      for (let code = 0; code < 3 ** groups.length; code++) {
        const partOf = new Map(groups.map((name, i) => [name, Math.floor(code / 3 ** i) % 3]));
        const parts = Uint8Array.from(names, (name) => partOf.get(name)!);
        if (countsOf(parts, labels, 2).flat().includes(0)) continue;
        best = Math.min(best, deviation(parts, labels, 2));
      }
      expect(found).toBeLessThanOrEqual(1.5 * best + 1);
    }
  });

  it('large and small groups go to every part alike', () => {
    const { labels, names } = randomImages(1, { groups: 2000, largest: 5, classes: 1, mixed: false });
    const parts = cutGroups(labels, names, 1, 1);
    const sizes = new Map<string, number>();
    for (const name of names) sizes.set(name, (sizes.get(name) ?? 0) + 1);
    for (const part of [0, 1, 2]) {
      const own = new Set(names.filter((_, i) => parts[i] === part));
      const mean = [...own].reduce((sum, name) => sum + sizes.get(name)!, 0) / own.size;
      expect(mean).toBeGreaterThan(2.7);
      expect(mean).toBeLessThan(3.3);
    }
  });

  it('another seed cuts otherwise', () => {
    const { labels, names } = randomImages(1, { groups: 50, largest: 4, classes: 2, mixed: false });
    expect(cutGroups(labels, names, 2, 1)).not.toEqual(cutGroups(labels, names, 2, 2));
  });

  it('needs a group for each part', async () => {
    const failure = await failureOf((async () => cutGroups([0, 0, 1, 1], ['a', 'a', 'b', 'b'], 2, 1))());
    expect(failure).toMatch(/4 images form only 2 groups[^]*at least 3/);
  });
});
