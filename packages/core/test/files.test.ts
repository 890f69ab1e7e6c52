import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIfThere, removeLeftovers, writeWhole } from '../src/files.js';
import { WeightmapError } from '../src/index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weightmap-core-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeWhole', () => {
  it('makes the folder, replaces what was there, and leaves nothing beside it', async () => {
    const file = path.join(folder, 'a/b/file');
    await writeWhole(file, 'old');
    await Promise.all([writeWhole(file, 'new'), writeWhole(file, 'new')]);
    expect(await readFile(file, 'utf8')).toBe('new');
    expect(await readdir(path.dirname(file))).toEqual(['file']);
    expect((await readIfThere(file))?.toString()).toBe('new');
    expect(await readIfThere(path.join(folder, 'none'))).toBeNull();
  });

  it('says in words for people that a place cannot be written to', async () => {
    await writeFile(path.join(folder, 'file'), '');
    const error = await writeWhole(path.join(folder, 'file/below'), 'x').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WeightmapError);
    expect((error as WeightmapError).explain()).toContain('do:');
  });

  it('keeps the old file, and nothing half-written, when the room runs out', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, 'old');
    // A limit on the size of files acts like a full disk: the kernel first writes short, then refuses.
    await writeFile(path.join(folder, 'package.json'), '{"type": "module"}');
    for (const name of ['files', '_confine', '_beside', '_regular-file', 'errors']) {
      const source = await readFile(path.resolve(import.meta.dirname, `../src/${name}.ts`), 'utf8');
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      await writeFile(path.join(folder, `${name}.js`), outputText);
    }
    const script = `
      process.on('SIGXFSZ', () => {});
      const { writeWhole } = await import(${JSON.stringify(path.join(folder, 'files.js'))});
      await writeWhole(${JSON.stringify(file)}, Buffer.alloc(1e6)).catch((error) => console.log(error.message));`;
    const said = execFileSync(
      'bash',
      ['-c', 'ulimit -f 64; exec "$0" --input-type=module -e "$1"', process.execPath, script],
      {
        encoding: 'utf8',
      },
    );
    expect(said).toContain('The disk is full');
    expect(await readFile(file, 'utf8')).toBe('old');
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });
});

describe('removeLeftovers', () => {
  it('takes what nobody will finish, and all of it where nobody else may write', async () => {
    const here = Buffer.from(hostname()).toString('base64url');
    const gone = 2 ** 30; // no system has so many processes
    const names = {
      dead: `a.${here}.${gone}.0.partial`,
      alive: `b.${here}.${process.pid}.0.partial`,
      elsewhere: `c.elsewhere.${gone}.0.partial`,
      elsewhereOld: `d.elsewhere.${gone}.0.partial`,
      whole: 'e.json',
    };
    const below = path.join(folder, 'x/y');
    await mkdir(below, { recursive: true });
    for (const name of Object.values(names)) await writeFile(path.join(below, name), '');
    const longAgo = new Date(Date.now() - 2 * 24 * 3600 * 1000);
    await utimes(path.join(below, names.elsewhereOld), longAgo, longAgo);

    await removeLeftovers(folder);
    expect((await readdir(below)).sort()).toEqual([names.alive, names.elsewhere, names.whole]);
    await removeLeftovers(folder, { isOurs: true });
    expect(await readdir(below)).toEqual([names.whole]);
    await removeLeftovers(path.join(folder, 'none'));
  });
});
