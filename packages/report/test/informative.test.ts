import { describe, expect, test } from 'vitest';
import { chanceError, informativeStrengths, meanErrorOver, strengthRange } from '../src/model/informative.js';

const curve = (...points: [strength: number, errorPercent: number][]) =>
  points.map(([strength, errorPercent]) => ({ strength, errorPercent }));

describe('informative strengths', () => {
  test('chance is 90 % of ten classes and 50 % of two', () => {
    expect([10, 2, 4].map(chanceError)).toEqual([90, 50, 75]);
  });

  test('one network more than 10 points better than chance is enough; 0 never counts', () => {
    const one = curve([0, 2], [0.1, 40], [0.2, 97], [0.3, 95]);
    const other = curve([0, 1], [0.1, 95], [0.2, 79.9], [0.3, 80]);
    expect(informativeStrengths([one, other], 10)).toEqual([0.1, 0.2]);
    expect(informativeStrengths([one], 10)).toEqual([0.1]);
  });

  test('two classes have a chance error of 50 %', () => {
    const points = curve([0, 5], [0.1, 30], [0.2, 39.9], [0.3, 40], [0.4, 55]);
    expect(informativeStrengths([points], 2)).toEqual([0.1, 0.2]);
    expect(informativeStrengths([points], 10)).toEqual([0.1, 0.2, 0.3, 0.4]);
  });

  test('only strengths that every curve has, in ascending order; curves without points are ignored', () => {
    const one = curve([0.3, 20], [0.1, 10], [0.2, 15]);
    expect(informativeStrengths([one, curve([0.1, 10], [0.3, 12]), []], 10)).toEqual([0.1, 0.3]);
  });

  test('none where all networks guess, and none without a curve', () => {
    expect(informativeStrengths([curve([0, 2], [0.1, 85], [0.2, 90])], 10)).toEqual([]);
    expect(informativeStrengths([curve([0, 2])], 10)).toEqual([]);
    expect(informativeStrengths([], 10)).toEqual([]);
  });
});

describe('the mean over strengths', () => {
  test('gives each strength the same weight, however far apart they lie', () => {
    const points = curve([0, 1], [0.01, 10], [0.02, 20], [0.3, 60]);
    expect(meanErrorOver(points, [0.01, 0.02, 0.3])).toBeCloseTo((10 + 20 + 60) / 3, 12);
    expect(meanErrorOver(points, [0.02])).toBe(20);
  });

  test('is null without strengths, or where one was not measured', () => {
    expect(meanErrorOver(curve([0.1, 10]), [])).toBeNull();
    expect(meanErrorOver(curve([0.1, 10]), [0.1, 0.2])).toBeNull();
  });

  test('names its range', () => {
    expect(strengthRange('β', [0.1, 0.2, 0.8])).toBe('mean over β 0.1–0.8');
    expect(strengthRange('ε', [2 / 255, 8 / 255])).toBe('mean over ε 2/255–8/255');
    expect(strengthRange('ε', [8 / 255])).toBe('ε = 8/255');
  });
});
