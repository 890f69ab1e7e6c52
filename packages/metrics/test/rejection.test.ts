import { randomStream } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { lessSuspicious, rejectionAt, rejectionAuc } from '../src/index.js';

describe('a rejection by a threshold', () => {
  // Four clean images; of five attacked ones, two are classified rightly whatever the attack does.
  const scores = { clean: [0.1, 0.2, 0.3, 0.9], wrong: [0.05, null, 0.3, 0.8, null] };

  it('is scored by hand', () => {
    // Wrong and accepted: 0.05 and 0.3, which isn't larger than the threshold; 0.8 is detected, and the clean 0.9 rejected.
    expect(rejectionAt(scores, 0.3)).toEqual({
      successPercent: 40,
      detectedPercent: 100 / 3,
      cleanRejectedPercent: 25,
    });
    expect(rejectionAt(scores, -1)).toEqual({
      successPercent: 0,
      detectedPercent: 100,
      cleanRejectedPercent: 100,
    });
    expect(rejectionAt({ clean: [1], wrong: [null] }, 0)).toEqual({
      successPercent: 0,
      detectedPercent: null,
      cleanRejectedPercent: 100,
    });
    expect(() => rejectionAt({ clean: [], wrong: [null] }, 0)).toThrow(/no images/);
  });

  it('has an area under its curve: the pairs in which the wrong image is more suspicious, ties half', () => {
    // 0.05 is above none, 0.3 above two and equal to one, 0.8 above three: 5.5 of 12 pairs.
    expect(rejectionAuc(scores)).toBe(5.5 / 12);
    expect(rejectionAuc({ clean: [1, 2], wrong: [3, null] })).toBe(1);
    expect(rejectionAuc({ clean: [1, 2], wrong: [0] })).toBe(0);
    expect(rejectionAuc({ clean: [1, 1], wrong: [1] })).toBe(0.5);
    expect(rejectionAuc({ clean: [1], wrong: [null] })).toBeNull();
  });

  it('agrees with counting every pair, for many images with ties', () => {
    const rounded = (n: number, name: string) =>
      [...randomStream(3, name).uniforms(n)].map((value) => Math.round(value * 20) / 20);
    const [clean, wrong] = [rounded(60, 'clean'), rounded(40, 'wrong')];
    let pairs = 0;
    for (const one of wrong) for (const other of clean) pairs += one > other ? 1 : one === other ? 0.5 : 0;
    expect(rejectionAuc({ clean, wrong })).toBeCloseTo(pairs / (60 * 40), 12);
  });

  it('takes the least suspicious of the images that are classified wrongly', () => {
    expect(lessSuspicious(null, null)).toBeNull();
    expect([lessSuspicious(2, null), lessSuspicious(null, 2)]).toEqual([2, 2]);
    expect(lessSuspicious(-1, 2)).toBe(-1);
  });
});
