import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { countOf } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { mnist } from '../src/index.js';

const { WEIGHTMAP_DATA } = process.env;

describe.runIf(WEIGHTMAP_DATA && existsSync(join(WEIGHTMAP_DATA, 'mnist')))('the published MNIST', () => {
  it('has its counts, its order and its classes', async () => {
    const { train, validation, test } = await mnist.load({ seed: 1, offline: true });
    expect([train, validation, test].map(countOf)).toEqual([54_000, 6_000, 10_000]);
    expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);

    const whole = await mnist.load({ seed: 1, offline: true, validationFraction: 0 });
    expect([...whole.train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    const perClass = Array<number>(10).fill(0);
    for (const label of whole.train.labels) perClass[label]++;
    expect(perClass).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    // Mean of all training pixels, 0.1307 of [0, 1].
    const sum = whole.train.pixels.reduce((a, b) => a + b, 0);
    expect(sum / whole.train.pixels.length / 255).toBeCloseTo(0.1307, 4);
  });
});
