import { buildVariant, findVariant } from '@weightmap/architectures';
import { asClassifier, balancedSubset, countOf, imageSet, type Dataset } from '@weightmap/core';
import { datasets } from '@weightmap/datasets';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { loadCellData } from '../src/cells/load-cell-data.js';
import { measureFeatures } from '../src/cells/measure-features.js';
import { expandGrid, limitDataset, selectVariants } from '../src/plan/grid.js';
import { presets } from '../src/plan/presets.js';
import { rectangles } from './_rectangles.js';
import { makeRecord } from '@weightmap/test-utils/records';

useEngine();

const limits = { train: 100, validation: 25, test: 30, imagesPerClass: null };

describe('the images of a limited run', () => {
  it('are as many of each class, and the worker finds the same ones as the plan', async () => {
    const whole = await datasets.digits.load({ seed: 3 });
    const planned = limitDataset(whole, limits, 3);
    const counts = (labels: Uint8Array) =>
      whole.spec.classes.map((_, i) => labels.filter((label) => label === i).length);
    expect(counts(planned.train.labels)).toEqual(new Array(10).fill(10));
    expect(counts(planned.validation.labels)).toEqual([3, 3, 3, 3, 3, 2, 2, 2, 2, 2]);
    expect(counts(planned.test.labels)).toEqual(new Array(10).fill(3));

    const cells = expandGrid(
      selectVariants(['cnn-33', 'cnn-unsharp-32']),
      planned,
      { ...presets.quick, trials: 2 },
      3,
    );
    expect(cells.map(({ dataset }) => dataset.subsetSeed)).toEqual([3, 3, 3, 3]);
    expect(cells.map(({ dataset }) => dataset.classes)).toEqual([10, 10, 10, 10]);
    for (const cell of [cells[0], cells[3]]) {
      const found = await loadCellData(cell, { data: { seed: 3 } });
      for (const part of ['train', 'validation', 'test'] as const) expect(found[part]).toEqual(planned[part]);
    }
    expect(limitDataset(whole, limits, 4).test.pixels).not.toEqual(planned.test.pixels);
  });
});

describe('the features of a network', () => {
  it('are measured on a balanced subset of the test images', async () => {
    const spec = { height: 12, width: 12, channels: 1, classes: ['a', 'b', 'c'] };
    const mixed = rectangles(spec, 18);
    // Sorted by class: the first six images would all be of class a.
    const order = [...mixed.labels.keys()].sort((a, b) => mixed.labels[a] - mixed.labels[b] || a - b);
    const size = 12 * 12;
    const test = imageSet(
      spec,
      Uint8Array.from(order.flatMap((i) => [...mixed.pixels.subarray(i * size, (i + 1) * size)])),
      Uint8Array.from(order, (i) => mixed.labels[i]),
    );
    const model = buildVariant('cnn-33', { spec, seed: 1 });
    const measure = (images: Dataset['test'], subsetSeed: number) =>
      measureFeatures(
        model,
        asClassifier(model),
        {
          id: 'digits',
          label: 'made',
          spec,
          train: images,
          validation: images,
          test: images,

          checksum: '',
          source: '',
          notes: [],
        },
        {
          layer: findVariant('cnn-33').gradCamLayer,
          seed: 1,
          subsetSeed,
          evaluation: makeRecord({ evaluation: { varianceImages: 6, sharpnessImages: 6 } }).cell.evaluation,
        },
      );
    const subset = balancedSubset(test, 6, { seed: 5 });
    expect(countOf(subset)).toBe(6);
    const measured = await measure(test, 5);
    expect(measured).toEqual(await measure(subset, 5));
    expect(measured).not.toEqual(await measure(test, 6));
    model.dispose();
  });
});
