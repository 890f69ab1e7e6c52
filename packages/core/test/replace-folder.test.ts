// A folder takes its place whole, or not at all.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFolder } from '../src/files.js';

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'weightmap-replace-'));
  folder = path.join(parent, 'report');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const FILES = ['a', 'b', 'c'];
const fill = (text: string) => async (made: string) => {
  for (const name of FILES) await writeFile(path.join(made, name), text);
};
const texts = async () => Promise.all(FILES.map((name) => readFile(path.join(folder, name), 'utf8')));

describe('replaceFolder', () => {
  it('replaces the whole folder, and leaves nothing beside it', async () => {
    await mkdir(path.join(folder, 'sub'), { recursive: true });
    await writeFile(path.join(folder, 'sub', 'of an earlier one'), '');
    await replaceFolder(folder, fill('new'));
    expect((await readdir(folder)).sort()).toEqual(FILES);
    expect(await texts()).toEqual(['new', 'new', 'new']);
    expect(await readdir(parent)).toEqual(['report']);
  });

  it('lets the earlier folder be if writing fails', async () => {
    await replaceFolder(folder, fill('old'));
    const failing = async (made: string) => {
      await writeFile(path.join(made, 'a'), 'half');
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    };
    await expect(replaceFolder(folder, failing)).rejects.toThrow('The disk is full');
    // Moved away by somebody before it could take its place: the second rename fails.
    const gone = (made: string) => rm(made, { recursive: true });
    await expect(replaceFolder(folder, gone)).rejects.toThrow('cannot be written');
    expect(await texts()).toEqual(['old', 'old', 'old']);
    expect(await readdir(parent)).toEqual(['report']);
  });

  it('succeeds for all that do it at the same time, and one of them stays whole', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `writer ${i}`);
    await Promise.all(names.map((name) => replaceFolder(folder, fill(name))));
    const [first, ...others] = await texts();
    expect(names).toContain(first);
    expect(others).toEqual([first, first]);
    expect(await readdir(parent)).toEqual(['report']);
  });

  it('puts back what a killed process had moved away, and clears what it left', async () => {
    const host = Buffer.from(hostname()).toString('base64url');
    const gone = 2 ** 22 + 1; // more than a process id
    const left = [
      `report.${host}.${gone}.0.partial`,
      `report.old.${host}.${gone}.1.partial`,
      'report.txt',
      'reports',
    ];
    for (const name of left) {
      await mkdir(path.join(parent, name));
      await fill(name)(path.join(parent, name));
    }
    await expect(replaceFolder(folder, () => Promise.reject(new Error('stopped')))).rejects.toThrow(
      'stopped',
    );
    expect(await texts()).toEqual(Array(3).fill(left[1]));
    expect((await readdir(parent)).sort()).toEqual(['report', 'report.txt', 'reports']);
  });
});
