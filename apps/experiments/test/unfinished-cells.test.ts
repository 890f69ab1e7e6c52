import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readRecords, writeRecord } from '@weightmap/records';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimCell } from '../src/cells/claim-cell.js';
import { unfinishedCells } from '../src/plan/unfinished-cells.js';
import { makeRecord } from '@weightmap/test-utils/records';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'weightmap-unfinished-'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

describe('unfinishedCells', () => {
  test('leaves out a cell whose record is valid, and not one whose record is broken', async () => {
    const record = makeRecord();
    const cells = [record.cell];
    expect(await unfinishedCells(run, cells, false)).toEqual(cells);
    const path = await writeRecord(run, record);
    expect(await unfinishedCells(run, cells, false)).toEqual([]);
    // The right cell, but a figure that no report would take.
    await writeFile(path, JSON.stringify({ ...record, testErrorPercent: 101 }));
    expect(await unfinishedCells(run, cells, false)).toEqual(cells);
    await writeFile(path, '{"half');
    expect(await unfinishedCells(run, cells, false)).toEqual(cells);
  });

  test('refuses a folder with the result of another configuration, unless forced', async () => {
    const record = makeRecord();
    await writeRecord(run, record);
    const cells = [{ ...record.cell, seed: record.cell.seed + 1 }];
    const other = makeRecord({ trial: 2 });
    await writeRecord(run, other);
    await expect(unfinishedCells(run, [...cells, other.cell], false)).rejects.toThrow('1 stale, 1 valid');
    expect(await unfinishedCells(run, cells, true)).toEqual(cells);
  });

  test('refuses to go on with the unfinished work of another configuration', async () => {
    const { cell } = makeRecord();
    const { lease } = await claimCell(run, cell);
    await lease!.release();
    expect(await unfinishedCells(run, [cell], false)).toEqual([cell]);
    const changed = { ...cell, training: { ...cell.training, batchSize: 32 } };
    await expect(unfinishedCells(run, [changed], false)).rejects.toThrow('1 stale, 0 valid');
    await expect(claimCell(run, changed)).rejects.toThrow('work of another configuration');
    expect(await unfinishedCells(run, [changed], true)).toEqual([changed]);
    expect((await claimCell(run, changed)).lease).toBeDefined();
  });

  test('deletes nothing of another run, into which a folder of this one is a link', async () => {
    const other = join(run, 'other');
    const mine = join(run, 'mine');
    await mkdir(join(mine, 'cells'), { recursive: true });
    const record = makeRecord();
    const theirs = await writeRecord(other, record);
    const second = makeRecord({ variant: 'cnn-wide' });
    await writeRecord(mine, { ...second });
    await symlink(join(other, 'cells/mnist/cnn-33'), join(mine, 'cells/mnist/cnn-33'));
    // The first is stale and of this run: it is still there, too, because the links are looked for first.
    const cells = [second.cell, record.cell].map((cell) => ({ ...cell, seed: cell.seed + 1 }));
    await expect(unfinishedCells(mine, cells, true)).rejects.toThrow('leads out of its folder');
    expect(JSON.parse(await readFile(theirs, 'utf8'))).toMatchObject(record);
    expect((await readRecords(mine)).records).toHaveLength(1);
  });

  test('deletes nothing of another cell behind a link within the run', async () => {
    const record = makeRecord();
    const path = await writeRecord(run, record);
    const digits = makeRecord({ data: { id: 'digits' } });
    await symlink('mnist', join(run, 'cells/digits'));
    await writeFile(join(dirname(path), 'cell.json'), JSON.stringify({ cellId: record.cellId }));
    const cells = [digits.cell];
    await expect(unfinishedCells(run, cells, true)).rejects.toThrow('Results behind a link are not deleted.');
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject(record);
  });
});
