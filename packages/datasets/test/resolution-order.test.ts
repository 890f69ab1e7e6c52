import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '@weightmap/core';
import { describe, expect, it, vi } from 'vitest';
import { mnistLoader } from '../src/index.js';
import { failureOf, MADE_FILES, NAMES, useEmptyMachine, writeSet } from './_made.js';

const machine = useEmptyMachine();
const loader = mnistLoader({ files: MADE_FILES });
const load = (dataDir?: string) => loader.load({ seed: 1, offline: true, dataDir });

describe('the files are looked for', () => {
  it('in dataDir, WEIGHTMAP_DATA, data/ and the cache, each with a folder of the dataset first', async () => {
    const dataDir = join(machine.root, 'explicit');
    const fromEnvironment = join(machine.root, 'environment');
    vi.stubEnv('WEIGHTMAP_DATA', fromEnvironment);
    const places = [dataDir, fromEnvironment, join(machine.cwd, 'data'), machine.cache];
    const folders = places.flatMap((place) => [join(place, 'mnist'), place]);
    for (const folder of folders) await writeSet(folder);

    const found: string[] = [];
    for (const folder of folders) {
      found.push((await load(dataDir)).source);
      for (const name of Object.values(NAMES)) await rm(join(folder, `${name}.gz`));
    }
    expect(found).toEqual(folders);
    await expect(load(dataDir)).rejects.toThrow(NotFoundError);
  });

  it('in a dataDir that must exist and be whole', async () => {
    await writeSet(join(machine.cwd, 'data'));
    expect(await failureOf(load(join(machine.root, 'none')))).toMatch(/does not exist[^]*none/);
    const partial = await writeSet(join(machine.root, 'partial'), { replace: { testLabels: null } });
    expect(await failureOf(load(partial))).toContain(`${partial} lacks ${NAMES.testLabels}`);
  });

  it('beyond a WEIGHTMAP_DATA that is missing or not whole, and says so', async () => {
    const data = await writeSet(join(machine.cwd, 'data'));
    const gone = join(machine.root, 'gone');
    vi.stubEnv('WEIGHTMAP_DATA', gone);
    expect((await load()).notes.join()).toContain(`WEIGHTMAP_DATA names ${gone}`);
    const partial = await writeSet(join(machine.root, 'partial'), { replace: { trainImages: null } });
    vi.stubEnv('WEIGHTMAP_DATA', partial);
    const dataset = await load();
    expect(dataset.source).toBe(data);
    expect(dataset.notes.join()).toContain(`${partial} lacks ${NAMES.trainImages}`);
  });

  it('beyond a dataDir with other data, and says so', async () => {
    await writeSet(join(machine.cwd, 'data'));
    const other = join(machine.root, 'other');
    await mkdir(other);
    expect((await load(other)).notes.join()).toContain(`${other} holds no mnist files`);
  });

  it('but not beyond a wrong file', async () => {
    await writeSet(join(machine.cwd, 'data'));
    const wrong = await writeSet(join(machine.root, 'wrong'));
    await writeFile(join(wrong, `${NAMES.testLabels}.gz`), 'x');
    vi.stubEnv('WEIGHTMAP_DATA', wrong);
    expect(await failureOf(load())).toContain(join(wrong, `${NAMES.testLabels}.gz`));
  });

  it('and nowhere else when offline: the error says what to do', async () => {
    const failure = await failureOf(loader.load({ seed: 1, offline: true }));
    for (const word of ['forbidden', NAMES.trainImages, join(machine.cache, 'mnist'), 'the dataset digits'])
      expect(failure).toContain(word);
  });
});
