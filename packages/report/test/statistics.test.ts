import { randomStream } from '@weightmap/core';
import { describe, expect, test } from 'vitest';
import { clearlyAbove, spread, welch } from '../src/model/statistics.js';

describe('Welch’s interval', () => {
  test('is the textbook formula of n, mean and standard deviation', () => {
    // s² = 1 and 4, n = 4 each: standard error √(1/4 + 4/4), freedom 1.25² / ((1/4)²/3 + 1²/3) = 75/17 ≈ 4.41, for which
    // t lies between 2.571 (5) and 2.776 (4).
    const { difference, low, high } = welch({ n: 4, mean: 9, sd: 1 }, { n: 4, mean: 4, sd: 2 })!;
    expect(difference).toBeCloseTo(5, 12);
    expect(low + high).toBeCloseTo(10, 10);
    const t = (high - 5) / Math.sqrt(1.25);
    expect(t).toBeGreaterThan(2.571);
    expect(t).toBeLessThan(2.776);
  });

  test('does not pair the trials, whatever their order', () => {
    // All differences are 1: paired there would be no spread at all.
    const { low, high } = welch(spread([1, 2, 3]), spread([0, 1, 2]))!;
    expect(low).toBeLessThan(-1);
    expect(high).toBeGreaterThan(3);
  });

  test('one trial has no interval', () => {
    expect(welch(spread([5]), spread([0.7, 0.8]))).toBeNull();
  });

  test('counted shares that agree by chance are not certain', () => {
    const [first, second] = [spread([1, 1, 1]), spread([2, 2, 2])];
    expect(welch(second, first)).toMatchObject({ low: 1, high: 1 });
    const counted = welch({ ...second, step: 1 }, { ...first, step: 1 })!;
    // Standard error √(2/(12·3)), t of 4 degrees of freedom.
    expect(counted.high - 1).toBeCloseTo(2.7764 * Math.sqrt(2 / 36), 3);
  });
});

describe('the lowest of several means', () => {
  const isDeclared = (networks: readonly number[][]) => {
    const [lowest, ...others] = networks.map((values) => spread(values)).sort((a, b) => a.mean - b.mean);
    return clearlyAbove(lowest, others).every(Boolean);
  };
  /** The share of draws in which a leader is declared among networks whose errors are N(mean, 1), three trials each. */
  const declared = (means: readonly number[], draws: number) => {
    const random = randomStream(1, 'leader', means.length, means.join());
    let n = 0;
    for (let draw = 0; draw < draws; draw++)
      if (isDeclared(means.map((mean) => Array.from(random.normals(3), (z) => mean + z)))) n++;
    return n / draws;
  };

  test.each([2, 5])('none of %i equal networks is declared in more than one draw of twenty', (networks) => {
    expect(declared(Array<number>(networks).fill(10), 2000)).toBeLessThanOrEqual(0.05);
  });

  test('nor where two are equal and three are far worse', () => {
    expect(declared([10, 10, 40, 40, 40], 2000)).toBeLessThanOrEqual(0.05);
  });

  test('a lead of many deviations is declared', () => {
    expect(declared([10, 25, 25, 25, 25], 200)).toBeGreaterThan(0.9);
  });

  test('Holm: what is clear stays clear beside what is not, and single trials are never clear', () => {
    const lowest = spread([1, 1.1, 0.9]);
    expect(clearlyAbove(lowest, [spread([9, 9.1, 8.9]), spread([1.05, 1.1, 1.15]), spread([9])])).toEqual([
      true,
      false,
      false,
    ]);
    // Alone it would be clear (p ≈ .03), among three equal ones none passes at .05/3.
    const near = spread([1.25, 1.35, 1.15]);
    expect(clearlyAbove(lowest, [near])).toEqual([true]);
    expect(clearlyAbove(lowest, [near, near, near])).toEqual([false, false, false]);
  });
});
