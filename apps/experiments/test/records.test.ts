import { execFileSync } from 'node:child_process';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { WeightmapError } from '@weightmap/core';
import {
  canonicalJson,
  cellId,
  cellPaths,
  contentDigest,
  readCellRecord,
  readRecords,
  writeRecord,
} from '@weightmap/records';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeRecord } from '@weightmap/test-utils/records';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'weightmap-run-'));
});

const reasonsOf = async () =>
  Object.fromEntries((await readRecords(run)).damaged.map(({ file, reason }) => [file, reason]));
const edit = async (path: string, change: (record: Record<string, unknown>) => unknown) => {
  const record = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify(change(record)));
};

describe('the cell id', () => {
  test('does not depend on the order of keys, at any depth', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
    const { cell } = makeRecord();
    const reversed = Object.fromEntries(Object.entries(cell).reverse()) as typeof cell;
    reversed.training = Object.fromEntries(Object.entries(cell.training).reverse()) as typeof cell.training;
    expect(cellId(reversed)).toBe(cellId(cell));
  });

  test('is another for every part of the configuration', () => {
    const ids = [
      makeRecord(),
      makeRecord({ trial: 2, seed: 1 }),
      makeRecord({ seed: 9 }),
      makeRecord({ training: { epochs: 299 } }),
      makeRecord({ evaluation: { epsilons: [0.1] } }),
      makeRecord({ data: { checksum: 'b'.repeat(64) } }),
      makeRecord({ data: { subsetSeed: 2 } }),
      makeRecord({ data: { classes: 2 } }),
    ].map((record) => record.cellId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a run folder', () => {
  test('gives back what was written, and leaves no other file', async () => {
    const record = makeRecord({ variant: 'cnn-smooth-32', trial: 2 });
    const path = await writeRecord(run, record);
    expect(path).toBe(join(run, 'cells', 'mnist', 'cnn-smooth-32', 'trial-2', 'record.json'));
    expect(await readdir(dirname(path))).toEqual(['record.json']);
    const { records, damaged } = await readRecords(run);
    expect(records).toEqual([{ record, folder: dirname(path), sha256: contentDigest(record) }]);
    expect(damaged).toEqual([]);
  });

  test('refuses an invalid record before anything is written', async () => {
    const wrong = { ...makeRecord(), testErrorPercent: Number.NaN };
    const error = (await writeRecord(run, wrong).catch((thrown: unknown) => thrown)) as WeightmapError;
    expect(error).toBeInstanceOf(WeightmapError);
    expect(error.details.where).toMatch(/^testErrorPercent: /);
    await expect(writeRecord(run, { ...makeRecord(), cellId: '0'.repeat(64) })).rejects.toThrow(
      WeightmapError,
    );
    await expect(writeRecord(run, { ...makeRecord(), seed: 5 })).rejects.toThrow(WeightmapError);
    expect(await readdir(run)).toEqual([]);
  });

  test.each(['..', '.', '../../out', 'a/b', 'a\\b', '', '-x'])('refuses “%s” as a name', (variant) => {
    expect(() => cellPaths(run, { variant, trial: 1, dataset: { id: 'mnist' } })).toThrow(WeightmapError);
  });

  test('names every damaged record and reads the rest', async () => {
    const good = makeRecord({ trial: 1 });
    await writeRecord(run, good);
    const at = async (trial: number) => writeRecord(run, makeRecord({ trial }));
    const whole = await readFile(await at(2), 'utf8');
    await writeFile(await at(2), whole.slice(0, 100));
    await edit(await at(3), (record) => ({ ...record, schemaVersion: 0 }));
    await edit(await at(4), (record) => ({ ...record, testErrorPercent: 101, noise: [{ beta: 0.1 }] }));
    await edit(await at(5), ({ sha256: _, ...record }) => ({
      ...record,
      cell: { ...makeRecord({ trial: 5 }).cell, seed: 99 },
    }));
    await edit(await at(6), () => null);
    await mkdir(join(run, 'cells', 'mnist', 'cnn-33', 'trial-7', 'checkpoint'), { recursive: true });

    const { records } = await readRecords(run);
    expect(records.map(({ record }) => record)).toEqual([good]);
    const reasons = await reasonsOf();
    const of = (trial: number) => reasons[`cells/mnist/cnn-33/trial-${trial}/record.json`];
    expect(of(2)).toMatch(/^not JSON: /);
    expect(of(3)).toBe('schema version 0; this version reads 3');
    expect(of(4)).toMatch(/testErrorPercent: .*; noise\.0\.errorPercent: /);
    expect(of(5)).toMatch(/^cellId: isn't the hash/);
    expect(of(6)).toMatch(/^record: /);
    expect(of(7), 'not finished, so not damaged').toBeUndefined();
    expect(Object.keys(reasons)).toHaveLength(5);
  });

  test('does not count a copy of a record as another trial', async () => {
    const path = await writeRecord(run, makeRecord({ trial: 1 }));
    const copy = join(run, 'cells', 'mnist', 'cnn-33', 'trial-2', 'record.json');
    await mkdir(dirname(copy));
    await writeFile(copy, await readFile(path));
    expect((await readRecords(run)).records).toHaveLength(1);
    expect(await reasonsOf()).toEqual({
      'cells/mnist/cnn-33/trial-2/record.json':
        'belongs to cells/mnist/cnn-33/trial-1/record.json: a copy in the wrong place',
    });
  });

  test('does not follow links out of itself', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'weightmap-outside-'));
    const path = await writeRecord(run, makeRecord({ trial: 1 }));
    await rename(path, join(outside, 'record.json'));
    await symlink(join(outside, 'record.json'), path);
    await writeRecord(outside, makeRecord({ variant: 'cnn-wide' }));
    await symlink(join(outside, 'cells', 'mnist', 'cnn-wide'), join(run, 'cells', 'mnist', 'cnn-wide'));
    expect((await readRecords(run)).records).toEqual([]);
    expect(await reasonsOf()).toEqual({
      'cells/mnist/cnn-33/trial-1/record.json': 'A path leads out of its folder.',
    });
  });

  test.each<[string, (file: string) => Promise<unknown>]>([
    [
      'a link to a record outside',
      async (file) => {
        const outside = await mkdtemp(join(tmpdir(), 'weightmap-outside-'));
        await rename(file, join(outside, 'record.json'));
        await symlink(join(outside, 'record.json'), file);
      },
    ],
    ['a record that is too large', (file) => truncate(file, 17 * 2 ** 20)],
    [
      'a pipe',
      async (file) => {
        await rm(file);
        execFileSync('mkfifo', [file]);
      },
    ],
    [
      'a folder',
      async (file) => {
        await rm(file);
        await mkdir(file);
      },
    ],
  ])('counts %s as no record: for the report, the worker, the status and the repair', async (kind, spoil) => {
    const made = makeRecord();
    const file = await writeRecord(run, made);
    await spoil(file);
    expect((await readRecords(run)).records).toEqual([]);
    expect((await readRecords(run)).damaged).toHaveLength(1);
    expect(await readCellRecord(run, made.cell)).toBeNull();
    if (kind === 'a folder') return; // nothing is deleted that isn't a file
    await writeRecord(run, made);
    expect(await readCellRecord(run, made.cell)).toEqual(made);
  });

  test('that is not there is the user’s error; one without cells is empty', async () => {
    await expect(readRecords(join(run, 'nowhere'))).rejects.toThrow(WeightmapError);
    expect(await readRecords(run)).toEqual({ records: [], damaged: [] });
  });
});
