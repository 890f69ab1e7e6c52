import { describe, expect, it } from 'vitest';
import { differenceInterval, meanInterval, testErrorInterval } from '../src/index.js';

const trials = (...values: number[]) => values.map((value, i) => ({ seed: 100 + i, value }));

describe('testErrorInterval', () => {
  it('equals worked examples of Wilson’s interval', () => {
    // Newcombe (1998), table I: 81 of 263 is 0.2553 … 0.3662, 15 of 148 is 0.0624 … 0.1605, 0 of 20 is 0 … 0.1611,
    // 1 of 29 is 0.0061 … 0.1718.
    const cases = [
      [81, 263, 25.53, 36.62],
      [15, 148, 6.24, 16.05],
      [0, 20, 0, 16.11],
      [1, 29, 0.61, 17.18],
    ];
    for (const [errors, n, low, high] of cases) {
      const interval = testErrorInterval((100 * errors) / n, n);
      expect(interval).toMatchObject({ level: 0.95, covers: 'test images', n });
      expect(interval.low).toBeCloseTo(low, 2);
      expect(interval.high).toBeCloseTo(high, 2);
    }
  });

  it('holds the shares whose normal test does not reject the one observed', () => {
    // Wilson's bounds are the roots p of (p̂ − p)² = z²·p(1 − p)/n.
    const z = 1.6448536269514722; // of 0.95: level 0.9
    const { low, high } = testErrorInterval(0.85, 10_000, { level: 0.9 });
    for (const p of [low / 100, high / 100])
      expect((0.0085 - p) ** 2).toBeCloseTo((z ** 2 * p * (1 - p)) / 10_000, 12);
    expect(low).toBeLessThan(0.85);
    expect(high).toBeGreaterThan(0.85);
  });

  it('stays within 0 … 100 %', () => {
    expect(testErrorInterval(0, 1000).low).toBe(0);
    expect(testErrorInterval(100, 1000).high).toBe(100);
    expect(testErrorInterval(100, 1000).low).toBeCloseTo(100 - testErrorInterval(0, 1000).high, 10);
  });

  it('refuses what is no error, no number of images, no level', () => {
    expect(() => testErrorInterval(-1, 10)).toThrow(/-1 is no number for an error/);
    expect(() => testErrorInterval(NaN, 10)).toThrow(/NaN/);
    expect(() => testErrorInterval(5, 0)).toThrow(/0 is no number of test images/);
    expect(() => testErrorInterval(5, 10, { level: 95 })).toThrow(/95 is no number for a level/);
  });
});

describe('meanInterval', () => {
  // Student's t, two-sided, as printed in tables.
  it.each([
    [0.9, 1, 6.314],
    [0.95, 1, 12.706],
    [0.95, 2, 4.303],
    [0.95, 4, 2.776],
    [0.95, 9, 2.262],
    [0.95, 30, 2.042],
    [0.95, 120, 1.98],
    [0.99, 2, 9.925],
    [0.99, 10, 3.169],
  ])('is mean ± t·s/√n: level %d, %d degrees of freedom, t = %d', (level, freedom, t) => {
    const n = freedom + 1;
    const values = Array.from({ length: n }, (_, i) => Math.sin(i) + 3);
    const mean = values.reduce((sum, value) => sum + value) / n;
    const s = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / freedom);
    const interval = meanInterval(values, { level });
    expect(interval).toMatchObject({ level, covers: 'trials', n });
    expect(interval.mean).toBeCloseTo(mean, 12);
    expect((interval.high - mean) / (s / Math.sqrt(n))).toBeCloseTo(t, 3);
    expect(mean - interval.low).toBeCloseTo(interval.high - mean, 12);
  });

  it('is a point where nothing varies', () => {
    expect(meanInterval([2, 2, 2])).toMatchObject({ mean: 2, low: 2, high: 2 });
  });

  it('needs two trials, finite ones', () => {
    expect(() => meanInterval([1])).toThrow(/one trial/);
    expect(() => meanInterval([])).toThrow(/no trials/);
    expect(() => meanInterval([1, Infinity])).toThrow(/Infinity/);
    expect(() => meanInterval([1, 2], { level: 1 })).toThrow(/level/);
  });
});

describe('differenceInterval', () => {
  it('pairs trials by their seeds, in whatever order they come', () => {
    // Differences 1, 2, 3: mean 2, s = 1, t(2) = 4.3027, half 4.3027/√3 = 2.4841.
    const first = trials(11, 22, 33);
    const second = [...trials(10, 20, 30)].reverse();
    const { difference, low, high, ...rest } = differenceInterval(first, second);
    expect(rest).toEqual({ method: 'paired', covers: 'trials', level: 0.95, n: 3 });
    expect(difference).toBe(2);
    expect(low).toBeCloseTo(2 - 2.4841, 4);
    expect(high).toBeCloseTo(2 + 2.4841, 4);
  });

  it('is Welch’s where seeds differ', () => {
    // s₁² = 4/3, s₂² = 20/3, both n = 4: standard error √2, degrees of freedom
    // (1/3 + 5/3)² / ((1/3)²/3 + (5/3)²/3) = 54/13 ≈ 4.154, whose t lies between 2.7764 (4) and 2.5706 (5).
    const first = [9, 9, 11, 11].map((value, seed) => ({ seed, value }));
    const second = [2, 4, 6, 8].map((value, seed) => ({ seed: seed + 1, value }));
    const { difference, low, high, ...rest } = differenceInterval(first, second);
    expect(rest).toEqual({ method: 'welch', covers: 'trials', level: 0.95, n: 4 });
    expect(difference).toBe(5);
    const t = (high - 5) / Math.SQRT2;
    expect(tailOf(t, 54 / 13)).toBeCloseTo(0.025, 6);
    expect(low + high).toBeCloseTo(10, 10);
  });

  it('does not pair numbers of trials that differ, nor a seed that is there twice', () => {
    expect(differenceInterval(trials(1, 2, 4), trials(1, 2))).toMatchObject({ method: 'welch', n: 2 });
    const twice = [...trials(1), ...trials(2)];
    expect(differenceInterval(twice, twice)).toMatchObject({ method: 'welch', difference: 0 });
  });

  it('is a point where nothing varies', () => {
    expect(differenceInterval(trials(3, 3), trials(1, 1, 1))).toMatchObject({ low: 2, high: 2 });
    expect(differenceInterval(trials(3, 4), trials(1, 2))).toMatchObject({ low: 2, high: 2 });
  });

  it('needs two trials of each', () => {
    expect(() => differenceInterval(trials(1), trials(2))).toThrow(/one trial/);
    expect(() => differenceInterval(trials(1, 2), trials(2))).toThrow(/one trial/);
    expect(() => differenceInterval([], [])).toThrow(/no trials/);
  });
});

/** Share of Student's t beyond t: its density c·(1 + x²/ν)^(−(ν+1)/2) by Simpson's rule over x = t + u/(1 − u). */
function tailOf(t: number, freedom: number): number {
  const density = (x: number) => (1 + x ** 2 / freedom) ** (-(freedom + 1) / 2);
  const beyond = (from: number) => {
    const steps = 20_000;
    let sum = 0;
    for (let i = 0; i < steps; i++) {
      const u = i / steps;
      const value = density(from + u / (1 - u)) / (1 - u) ** 2;
      sum += (i === 0 ? 1 : i % 2 === 1 ? 4 : 2) * value;
    }
    return sum / (3 * steps);
  };
  return beyond(t) / (2 * beyond(0));
}
