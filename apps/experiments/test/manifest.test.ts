import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentDigest, cellId, findCell, findCellNamed, readManifest } from '@weightmap/records';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeManifest } from '../src/plan/manifest.js';
import { makeRecord } from '@weightmap/test-utils/records';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'weightmap-manifest-'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const { cell } = makeRecord();
const cells = [cell, { ...cell, trial: 2 }];
const manifest = {
  preset: 'smoke',
  data: { seed: 1, dataDir: '/data', splitBy: 'location' as const },
  gradCamSamples: 2,
  tensorboard: false,
  cells,
};

describe('the manifest of a run', () => {
  it('comes back as it was written, and nothing else is left', async () => {
    await writeManifest(run, manifest);
    expect(await readManifest(run)).toEqual({
      schemaVersion: 1,
      ...manifest,
      cellsSha256: contentDigest(cells),
    });
    expect(await readdir(run)).toEqual(['grid.json']);
  });

  it('keeps the cells that an earlier command began, and takes the newer one of the same place', async () => {
    await writeManifest(run, manifest);
    const changed = { ...cell, seed: cell.seed + 1 };
    await writeManifest(run, { ...manifest, cells: [changed, { ...cell, trial: 3 }] });
    const read = await readManifest(run);
    expect(read.cells.map(({ trial, seed }) => [trial, seed - cell.seed])).toEqual([
      [1, 1],
      [2, 0],
      [3, 0],
    ]);
  });

  it.each([
    ['cut off', '{"schemaVersion": 1, "pre'],
    ['of another version', JSON.stringify({ schemaVersion: 9, ...manifest })],
    ['of something else', '[]'],
  ])('is refused with what to do where it is %s, and written anew', async (_, text) => {
    await writeFile(join(run, 'grid.json'), text);
    await expect(readManifest(run)).rejects.toThrow("list of cells can't be used");
    await writeManifest(run, manifest);
    expect((await readManifest(run)).cells).toEqual(cells);
    expect(await readFile(join(run, 'grid.json'), 'utf8')).toContain('"smoke"');
  });

  it('is missed where there is none', async () => {
    await expect(readManifest(join(run, 'nowhere'))).rejects.toThrow('There is no run in');
  });
});

describe('findCell', () => {
  const list = { schemaVersion: 1 as const, ...manifest };

  it('finds by place, by id, and by the beginning of the id', () => {
    expect(findCell(list, { index: 1 })).toBe(cells[1]);
    for (const wanted of cells) {
      expect(findCell(list, { id: cellId(wanted) })).toBe(wanted);
      expect(findCell(list, { id: cellId(wanted).slice(0, 10) })).toBe(wanted);
    }
  });

  it('says what there is where it finds none or several', () => {
    expect(() => findCell(list, { index: 2 })).toThrow('no such cell');
    expect(() => findCell(list, { id: 'xyz' })).toThrow('no such cell');
    expect(() => findCell(list, { id: '' })).toThrow('2 cells');
    expect(() => findCell(list, {})).toThrow('Which cell?');
  });

  it('is found by the number that people read, which begins with 1', () => {
    expect(findCellNamed(list, '1')).toBe(cells[0]);
    expect(findCellNamed(list, '2')).toBe(cells[1]);
  });
});
