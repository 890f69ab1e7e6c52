import { describe, expect, it } from 'vitest';
import { meanInterval, testErrorInterval } from '../src/index.js';

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

  it('refuses an invalid error, number of images and level', () => {
    expect(() => testErrorInterval(-1, 10)).toThrow(/Invalid error: -1/);
    expect(() => testErrorInterval(NaN, 10)).toThrow(/NaN/);
    expect(() => testErrorInterval(5, 0)).toThrow(/Invalid number of test images: 0/);
    expect(() => testErrorInterval(5, 10, { level: 95 })).toThrow(/Invalid confidence level: 95/);
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
