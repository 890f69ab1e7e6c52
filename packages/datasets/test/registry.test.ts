import { join } from 'node:path';
import { countOf, NotFoundError, type DatasetLoader, type DatasetOptions } from '@weightmap/core';
import { writeMadeCifar10, writeMadeIwildcam } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import {
  datasets,
  isDatasetId,
  loadDataset,
  mnistLoader,
  proceduralDigits,
  type DatasetId,
} from '../src/index.js';
import { failureOf, MADE_FILES, useEmptyMachine, writeSet } from './_made.js';

const machine = useEmptyMachine();

/** For each dataset, made data in the folder that it is looked for, and what loads it. */
const made: Record<DatasetId, (data: string) => Promise<DatasetLoader>> = {
  mnist: async (data) => {
    await writeSet(join(data, 'mnist'));
    return mnistLoader({ files: MADE_FILES });
  },
  cifar10: async (data) => {
    await writeMadeCifar10(join(data, 'cifar10'));
    return datasets.cifar10;
  },
  iwildcam: async (data) => {
    await writeMadeIwildcam(join(data, 'iwildcam'));
    return datasets.iwildcam;
  },
  'iwildcam-2class': async (data) => {
    await writeMadeIwildcam(join(data, 'iwildcam-2class'));
    return datasets['iwildcam-2class'];
  },
  // Fewer than those of the registry, which take a second to draw.
  digits: async () => proceduralDigits({ train: 1000, test: 200 }),
};

/** As few images as the made data hold. */
const small: Omit<DatasetOptions, 'seed'> = { offline: true, imagesPerClass: 10 };

describe.each(Object.keys(datasets) as DatasetId[])('the dataset %s', (id) => {
  const registered: DatasetLoader = datasets[id];

  it('says what it is', () => {
    expect(registered.id).toBe(id);
    expect(registered.label).not.toBe('');
    expect(new Set(registered.spec.classes).size).toBe(registered.spec.classes.length);
    expect([1, 3]).toContain(registered.spec.channels);
  });

  it('is there, or says on an empty machine how to get it', async () => {
    const { found, advice } = await registered.locate({});
    expect(advice).toMatch(/\.$/);
    if (found !== null) return;
    const failing = registered.load({ seed: 1, offline: true });
    await expect(failing).rejects.toThrow(NotFoundError);
    expect(await failureOf(failing)).toContain(join(machine.cache, id));
  });

  it('keeps what a loader promises', async () => {
    const loader = await made[id](join(machine.cwd, 'data'));
    expect((await loader.locate({})).found).not.toBeNull();
    const dataset = await loader.load({ seed: 3, ...small });
    expect([dataset.id, dataset.spec]).toEqual([loader.id, loader.spec]);
    // What sets it apart from the published set follows in brackets.
    expect(dataset.label.startsWith(loader.label.replace(/\)$/, ''))).toBe(true);
    for (const set of [dataset.train, dataset.validation, dataset.test]) {
      expect(set.spec).toEqual(loader.spec);
      expect(countOf(set)).toBeGreaterThan(0);
      expect(set.pixels).toHaveLength(
        countOf(set) * loader.spec.height * loader.spec.width * loader.spec.channels,
      );
      expect(Math.max(...set.labels)).toBeLessThan(loader.spec.classes.length);
    }
    // A beginning of a part must do for a short run: it holds most classes.
    const first = new Set(dataset.train.labels.subarray(0, 4 * loader.spec.classes.length));
    expect(first.size).toBeGreaterThan(loader.spec.classes.length / 2);
    expect(dataset.checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(dataset.source).not.toBe('');
    expect(dataset.notes.join(' ')).toContain(`${countOf(dataset.train)} images train`);

    const again = await loader.load({ seed: 3, ...small });
    expect([again.checksum, again.validation.labels]).toEqual([dataset.checksum, dataset.validation.labels]);
    const pixels = Buffer.from(dataset.validation.pixels);
    expect(pixels.equals(again.validation.pixels)).toBe(true);
    const other = await loader.load({ seed: 4, ...small });
    expect(pixels.equals(other.validation.pixels)).toBe(false);
  });
});

it('datasets are loaded by id, and an unknown one is answered with the known', async () => {
  expect((await loadDataset('digits', { seed: 1 })).id).toBe('digits');
  // @ts-expect-error: the compiler knows the ids.
  expect(await failureOf(loadDataset('toString', { seed: 1 }))).toMatch(
    /no dataset "toString"[^]*mnist, cifar10,[^]* digits/,
  );
  expect([isDatasetId('mnist'), isDatasetId('cifar')]).toEqual([true, false]);
});
