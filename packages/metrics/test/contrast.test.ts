import { describe, expect, it } from 'vitest';
import { contrast, studentQuantile, studentTail } from '../src/index.js';

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

  it('gives Welch’s interval of a difference', () => {
    // Of 9, 9, 11, 11 and 2, 4, 6, 8: s₁² = 4/3, s₂² = 20/3, both n = 4, so the standard error is √2, with
    // (1/3 + 5/3)² / ((1/3)²/3 + (5/3)²/3) = 54/13 ≈ 4.154 degrees of freedom.
    const { value, standardError, freedom } = contrast([
      { weight: 1, mean: 10, variance: 4 / 3, n: 4 },
      { weight: -1, mean: 5, variance: 20 / 3, n: 4 },
    ]);
    expect([value, standardError, freedom]).toEqual([
      5,
      expect.closeTo(Math.SQRT2, 12),
      expect.closeTo(54 / 13, 12),
    ]);
    expect(tailOf(studentQuantile(0.975, freedom), 54 / 13)).toBeCloseTo(0.025, 6);
  });

  it('has a standard error of 0 where nothing varies', () => {
    expect(contrast([{ weight: 1, mean: 3, variance: 0, n: 5 }])).toEqual({
      value: 3,
      standardError: 0,
      freedom: 4,
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
