import { describe, expect, it } from 'vitest';
import { contrast, differenceInterval, studentQuantile, studentTail } from '../src/index.js';

describe('a contrast of independent groups', () => {
  const a = { mean: 3, variance: 4, n: 5 };
  const b = { mean: 1, variance: 1, n: 4 };

  it('is Welch’s t-test with weights 1 and −1, by hand', () => {
    // 4/5 + 1/4 = 1.05; (1.05)² / (0.8²/4 + 0.25²/3) = 1.1025 / 0.180833.
    const { value, standardError, freedom } = contrast([
      { weight: 1, ...a },
      { weight: -1, ...b },
    ]);
    expect(value).toBe(2);
    expect(standardError).toBeCloseTo(Math.sqrt(1.05), 12);
    expect(freedom).toBeCloseTo(6.0967742, 6);
  });

  it('takes the square of each weight', () => {
    // The mean of two groups against a third: 4/20 + 4/20 + 1/4.
    const { value, standardError } = contrast([
      { weight: 0.5, ...a },
      { weight: 0.5, ...a },
      { weight: -1, ...b },
    ]);
    expect(value).toBe(2);
    expect(standardError).toBeCloseTo(Math.sqrt(0.65), 12);
  });

  it('agrees with the interval of a difference', () => {
    const trials = (values: readonly number[], seed: number) =>
      values.map((value, i) => ({ value, seed: seed + i }));
    const { difference, low, high } = differenceInterval(trials([1, 2, 6], 0), trials([2, 2.5], 10));
    const one = contrast([
      { weight: 1, mean: 3, variance: 7, n: 3 },
      { weight: -1, mean: 2.25, variance: 0.125, n: 2 },
    ]);
    const half = one.standardError * studentQuantile(0.975, one.freedom);
    expect([one.value, one.value - half, one.value + half]).toEqual([
      expect.closeTo(difference, 12),
      expect.closeTo(low, 10),
      expect.closeTo(high, 10),
    ]);
  });

  it('has a standard error of 0 where nothing varies', () => {
    expect(contrast([{ weight: 1, mean: 3, variance: 0, n: 5 }])).toEqual({
      ...{ value: 3, standardError: 0, freedom: 4 },
    });
  });
});

describe('Student’s distribution', () => {
  it('has the tails and quantiles of the printed tables', () => {
    expect(studentTail(4.302653, 2)).toBeCloseTo(0.025, 7);
    expect(studentTail(-2.776445, 4)).toBeCloseTo(0.975, 7);
    expect(studentTail(1.959964, Infinity)).toBeCloseTo(0.025, 7);
    expect(studentQuantile(0.975, 2)).toBeCloseTo(4.302653, 5);
    expect(studentQuantile(0.975, Infinity)).toBeCloseTo(1.959964, 5);
    expect([studentTail(Infinity, 3), studentTail(-Infinity, 3)]).toEqual([0, 1]);
  });
});
