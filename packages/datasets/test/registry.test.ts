import { join } from 'node:path';
import { countOf, NotFoundError, type DatasetLoader } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { datasets, isDatasetId, loadDataset, mnistLoader } from '../src/index.js';
import { failureOf, MADE_FILES, useEmptyMachine, writeSet } from './_made.js';

const machine = useEmptyMachine();

/** What every loader promises whose data is there. */
async function keepsContract(loader: DatasetLoader): Promise<void> {
  const dataset = await loader.load({ seed: 3, offline: true });
  expect([dataset.id, dataset.label, dataset.spec]).toEqual([loader.id, loader.label, loader.spec]);
  for (const set of [dataset.train, dataset.validation, dataset.test]) {
    expect(set.spec).toEqual(loader.spec);
    expect(countOf(set)).toBeGreaterThan(0);
    expect(set.pixels).toHaveLength(
      countOf(set) * loader.spec.height * loader.spec.width * loader.spec.channels,
    );
    expect(Math.max(...set.labels)).toBeLessThan(loader.spec.classes.length);
  }
  const learnt = countOf(dataset.train) + countOf(dataset.validation);
  expect(countOf(dataset.validation)).toBe(Math.floor(learnt / 10));
  expect(dataset.checksum).toMatch(/^[0-9a-f]{64}$/);
  expect(dataset.source).not.toBe('');
  expect(dataset.notes.join(' ')).toContain(`${countOf(dataset.train)} images train`);

  const again = await loader.load({ seed: 3, offline: true });
  expect([again.checksum, again.validation.labels]).toEqual([dataset.checksum, dataset.validation.labels]);
}

describe.each(Object.entries(datasets))('the dataset %s', (id, loader: DatasetLoader) => {
  it('says what it is', () => {
    expect(loader.id).toBe(id);
    expect(loader.label).not.toBe('');
    expect(new Set(loader.spec.classes).size).toBe(loader.spec.classes.length);
    expect([1, 3]).toContain(loader.spec.channels);
  });

  it('is there, or says on an empty machine how to get it', async () => {
    const { found, advice } = await loader.locate({});
    expect(advice).toMatch(/\.$/);
    if (found !== null) return keepsContract(loader);
    const failing = loader.load({ seed: 1, offline: true });
    await expect(failing).rejects.toThrow(NotFoundError);
    expect(await failureOf(failing)).toContain(join(machine.cache, id));
  });
});

it('IDX files that are there keep the contract too', async () => {
  await writeSet(join(machine.cwd, 'data', 'mnist'));
  await keepsContract(mnistLoader({ files: MADE_FILES }));
});

it('datasets are loaded by id, and an unknown one is answered with the known', async () => {
  expect((await loadDataset('digits', { seed: 1 })).id).toBe('digits');
  expect(await failureOf(loadDataset('toString', { seed: 1 }))).toMatch(
    /no dataset "toString"[^]*mnist, digits/,
  );
  expect([isDatasetId('mnist'), isDatasetId('cifar')]).toEqual([true, false]);
});
