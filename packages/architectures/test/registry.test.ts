import { WeightmapError } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { architectures, benchmarkRows, buildVariant, findVariant, variants } from '../src/index.js';
import { mnist } from './_specs.js';

describe('the registry', () => {
  it('has every id once, and an architecture for each', () => {
    expect(new Set(variants.map(({ id }) => id)).size).toBe(variants.length);
    for (const { id, architecture } of variants) {
      expect(Object.keys(architectures)).toContain(architecture);
      expect(findVariant(id).id).toBe(id);
    }
  });

  it('names every variant, and says what its layers are', () => {
    for (const key of ['label', 'shortLabel'] as const)
      expect(new Set(variants.map((one) => `${one.architecture}: ${one[key]}`)).size).toBe(variants.length);
    for (const { label, shortLabel, architecture, kinds, options } of variants) {
      expect(label).toBe(
        `${architectures[architecture].label}, ${shortLabel.replace('alt.', 'alternating')}`,
      );
      expect([kinds].flat()).toEqual('kind' in options ? [options.kind] : options.kinds);
    }
    expect(findVariant('densenet-alternating-unsharp')).toMatchObject({
      label: 'DenseNet, alternating unsharp',
      shortLabel: 'alt. unsharp',
      kinds: ['conv', 'unsharp'],
    });
  });

  it('names the known ids for an unknown one', () => {
    for (const attempt of [
      () => findVariant('cnn-34'),
      // @ts-expect-error: the compiler knows the ids.
      () => buildVariant('cnn-34', { spec: mnist, seed: 1 }),
    ]) {
      expect(attempt).toThrow(WeightmapError);
      expect(attempt).toThrow('There is no variant "cnn-34".');
    }
    try {
      findVariant('cnn-34');
    } catch (error) {
      for (const { id } of variants) expect((error as WeightmapError).explain()).toContain(id);
    }
    expect.assertions(4 + variants.length);
  });

  it('has the 31 rows of tables 4 to 7 in their order', () => {
    const cnns = [
      ...['wide', '33', '33-batchnorm', '33-k9', '33-input-scale'],
      ...['smooth-32', 'smooth-32-batchnorm', 'smooth-32-k9', 'unsharp-32'],
    ].map((id) => `cnn-${id}`);
    const deep = (forms: string[]) =>
      ['resnet', 'densenet'].flatMap((architecture) => forms.map((form) => `${architecture}-${form}`));
    const alternating = ['conv', 'alternating-smoothing', 'alternating-unsharp'];
    const all = ['conv', 'smoothing', 'unsharp', 'alternating-smoothing', 'alternating-unsharp'];
    expect(benchmarkRows.map(({ variant, dataset }) => `${variant}@${dataset}`)).toEqual([
      ...[...cnns, ...deep(all)].map((id) => `${id}@mnist`),
      ...deep(alternating).map((id) => `${id}@cifar10`),
      ...deep(alternating).map((id) => `${id}@iwildcam`),
    ]);
    expect(benchmarkRows).toHaveLength(31);
  });
});
