import { describe, expect, it } from 'vitest';
import {
  attacks,
  corruptions,
  defaultAttacks,
  defaultStrengths,
  strengthLabel,
  suitsClasses,
} from '../src/index.js';

const mnist = { inputShape: [28, 28, 1] } as const;
const cifar = { inputShape: [32, 32, 3] } as const;
const of = (norm: 'linf' | 'l2' | 'l1' | 'l0' | null, strengthUnit: 'epsilon' | 'share' = 'epsilon') => ({
  id: 'made-up',
  norm,
  strengthUnit,
});

describe('defaultStrengths', () => {
  it.each([
    ['linf', [0.05, 0.1, 0.2, 0.3], [2 / 255, 4 / 255, 8 / 255]],
    ['l2', [0.5, 1, 1.5, 2], [0.25, 0.5, 1]],
    ['l1', [5, 10, 20, 40], [6, 12, 24]],
    ['l0', [5, 10, 15, 30], [6, 12, 24]],
  ] as const)('are for %s what is usual for MNIST and CIFAR-10', (norm, drawings, photographs) => {
    expect(defaultStrengths(of(norm), mnist)).toEqual(drawings);
    expect(defaultStrengths(of(norm), cifar)).toEqual(photographs);
  });

  it('grow with the number of pixels as those in use do, from CIFAR-10 to ImageNet', () => {
    const imagenet = { inputShape: [224, 224, 3] } as const;
    expect(defaultStrengths(of('linf'), imagenet)).toEqual([2 / 255, 4 / 255, 8 / 255]);
    // √49 = 7 and 49^¾ = 18.5; RobustBench and L1-APGD take 3 and 255.
    expect(defaultStrengths(of('l2'), imagenet)).toEqual([1.8, 3.5, 7]);
    expect(defaultStrengths(of('l1'), imagenet)).toEqual([110, 220, 440]);
    expect(defaultStrengths(of('l0'), imagenet)).toEqual([42, 84, 168]);
    expect(defaultStrengths(of('l0'), { inputShape: [4, 4, 1] })).toEqual([1, 2, 4]);
  });

  it('are those of photographs for gray ones, which differ from drawings by their sides, or on request', () => {
    const linf = (images: Parameters<typeof defaultStrengths>[1]) => defaultStrengths(of('linf'), images);
    expect(linf({ inputShape: [23, 32, 1] })).toEqual(linf(cifar));
    expect(linf({ ...mnist, content: 'photographs' })).toEqual(linf(cifar));
    expect(linf({ ...cifar, content: 'drawings' })).toEqual(linf(mnist));
  });

  it('are doubled where the pixels are twice as far apart, if they are in units of pixels', () => {
    const bounds = [-1, 1] as const;
    const widened = (id: keyof typeof attacks) =>
      [mnist, { ...mnist, bounds }].map((images) => defaultStrengths(attacks[id](), images)[0]);
    for (const id of ['fgsm', 'pgd-l2', 'ead', 'uniform-noise', 'gaussian-noise', 'brightness'] as const) {
      const [narrow, wide] = widened(id);
      expect(wide).toBeCloseTo(2 * narrow, 12);
    }
    for (const id of [
      'jsma',
      'speckle-noise',
      'impulse-noise',
      'gaussian-blur',
      'contrast',
      'shot-noise',
    ] as const) {
      const [narrow, wide] = widened(id);
      expect(wide).toBe(narrow);
    }
  });

  it('are the severities of a benchmark for its corruptions, and those of a like one for others', () => {
    expect(defaultStrengths(attacks['shot-noise'](), cifar)).toEqual(corruptions['cifar10-c']['shot-noise']);
    expect(defaultStrengths(attacks['shot-noise'](), mnist)).toEqual(corruptions['mnist-c']['shot-noise']);
    expect(defaultStrengths(attacks['gaussian-blur'](), mnist)).toEqual(
      corruptions['cifar10-c']['gaussian-blur'],
    );
    expect(defaultStrengths(of(null, 'share'), mnist)).toEqual(corruptions['mnist-c']['impulse-noise']);
  });
});

it.each([
  ['fgsm', 'L∞ ε'],
  ['pgd-l2', 'L2 ε'],
  ['ead', 'L1 ε'],
  ['jsma', 'L0 ε'],
  ['uniform-noise', 'β'],
  ['gaussian-noise', 'σ'],
  ['gaussian-blur', 'width'],
  ['impulse-noise', 'share'],
] as const)('the strength of %s is called %s', (id, label) => {
  expect(strengthLabel(attacks[id]())).toBe(label);
});

it('an ε without a norm is called ε', () => {
  expect(strengthLabel(of(null))).toBe('ε');
});

it.each([2, 3, 10])('the attacks to begin with all suit %d classes', (classes) => {
  const chosen = defaultAttacks(classes);
  expect(chosen).toHaveLength(5);
  for (const id of chosen) {
    expect(suitsClasses(attacks[id](), classes)).toBe(true);
    expect(attacks[id]().norm).toBe('linf');
  }
});
