import { WeightmapError } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { architectures, buildVariant, findVariant, variants } from '../src/index.js';
import { mnist } from './_specs.js';

describe('the registry', () => {
  it('has every id once, and an architecture for each', () => {
    expect(new Set(variants.map(({ id }) => id)).size).toBe(variants.length);
    for (const { id, architecture } of variants) {
      expect(Object.keys(architectures)).toContain(architecture);
      expect(findVariant(id).id).toBe(id);
    }
  });

  it('names the known ids for an unknown one', () => {
    for (const attempt of [
      () => findVariant('cnn-34'),
      () => buildVariant('cnn-34', { spec: mnist, seed: 1 }),
    ]) {
      expect(attempt).toThrow(WeightmapError);
      expect(attempt).toThrow('There is no variant “cnn-34”.');
    }
    try {
      findVariant('cnn-34');
    } catch (error) {
      for (const { id } of variants) expect((error as WeightmapError).explain()).toContain(id);
    }
    expect.assertions(4 + variants.length);
  });
});
