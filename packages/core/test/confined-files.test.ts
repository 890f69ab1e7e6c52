import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  appendText,
  confine,
  openForAppending,
  readIfThere,
  readIfThereSync,
  writeWhole,
} from '../src/files.js';

let outside: string;
let root: string;
const at = (...names: string[]) => path.join(root, ...names);
beforeEach(async () => {
  outside = await realpath(await mkdtemp(path.join(tmpdir(), 'weightmap-core-')));
  root = path.join(outside, 'root');
  await mkdir(at('folder'), { recursive: true });
  await writeFile(at('file'), 'inside');
  await writeFile(path.join(outside, 'secret'), 'secret');
});
afterEach(() => rm(outside, { recursive: true, force: true }));

describe('confine', () => {
  it('gives the real path of what lies in the folder, and of what could be made there', async () => {
    await symlink('folder', at('link'));
    await symlink(root, path.join(outside, 'way'));
    expect(confine(root, at('file'))).toBe(at('file'));
    expect(confine(root, at('link/new/one'))).toBe(at('folder/new/one'));
    expect(confine(path.join(outside, 'way'), path.join(outside, 'way/link'))).toBe(at('folder'));
    expect(confine(root, root)).toBe(root);
    expect(confine(at('not/yet'), at('not/yet/file'))).toBe(at('not/yet/file'));
    expect(confine(root, `${root}/folder/../file`)).toBe(at('file'));
    expect(confine(root, at('..file'))).toBe(at('..file'));
  });

  it.each([
    '../secret',
    'folder/../../secret',
    '/etc/passwd',
    '..',
    'folder/../..',
    'nul\0byte',
    '../root-2/x',
  ])('refuses %j', (name) => {
    expect(() => confine(root, name.startsWith('/') ? name : `${root}/${name}`)).toThrow(
      'leads out of its folder',
    );
  });

  it.each([
    ['to a file outside', '../secret', 'link'],
    ['to a folder above', '..', 'link/secret'],
    ['to nowhere, which writing would make', '../new', 'link'],
    ['to itself', 'link', 'link'],
    ['by an absolute path', '/etc', 'link/passwd'],
    ['below a folder that is made later', '..', 'link/a/b/c'],
  ])('refuses a link %s', async (_, target, name) => {
    await symlink(target, at('link'));
    expect(() => confine(root, name.startsWith('/') ? name : `${root}/${name}`)).toThrow(
      'leads out of its folder',
    );
    await expect(readIfThere(at(name), { within: root })).rejects.toThrow('leads out of its folder');
    expect(() => openForAppending(at(name), { within: root })).toThrow(
      /leads out of its folder|it is a link/,
    );
  });
});

it('a folder and its files are named relative to the working folder alike, as any path', async () => {
  const [folder, file] = [path.relative('.', root), path.relative('.', at('file'))];
  expect(confine(folder, file)).toBe(at('file'));
  expect(String(await readIfThere(file, { within: folder }))).toBe('inside');
  await writeWhole(path.relative('.', at('folder/new')), 'new', { within: folder });
  appendText(path.relative('.', at('folder/new')), ' line', { within: folder });
  expect(readFileSync(at('folder/new'), 'utf8')).toBe('new line');
});

describe('reading and appending', () => {
  it('takes regular files alone, and never waits for a pipe', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    for (const [name, kind] of [
      [at('pipe'), 'a named pipe'],
      [at('folder'), 'a folder'],
      [at('socket'), 'a pipe or socket'],
      ['/dev/zero', 'a device'],
    ]) {
      await expect(readIfThere(name)).rejects.toThrow(`A file cannot be read: it is ${kind}.`);
      expect(() => readIfThereSync(name)).toThrow(`A file cannot be read: it is ${kind}.`);
    }
    expect(() => appendText(at('pipe'), 'x')).toThrow('cannot be written: it is a pipe or socket');
    const reader = openSync(at('pipe'), 'r+');
    expect(() => appendText(at('pipe'), 'x')).toThrow('cannot be written: it is a named pipe');
    closeSync(reader);
    server.close();
  });

  it('refuses a file above the limit before it is read', async () => {
    const handle = openSync(at('huge'), 'w');
    ftruncateSync(handle, 2 ** 40);
    closeSync(handle);
    await expect(readIfThere(at('huge'))).rejects.toThrow('too large: 1,048,576 MiB');
    expect(() => readIfThereSync(at('file'), { largest: 5 })).toThrow('too large');
    expect(String(readIfThereSync(at('file'), { largest: 6 }))).toBe('inside');
  });

  it('gives null for what is not there', async () => {
    expect(await readIfThere(at('none/below'), { within: root })).toBeNull();
    expect(readIfThereSync(at('file/below'))).toBeNull();
  });

  it('appends, and makes the file', () => {
    appendText(at('log'), 'a\n', { within: root });
    appendText(at('log'), 'b\n', { within: root });
    expect(readFileSync(at('log'), 'utf8')).toBe('a\nb\n');
  });
});

describe('writeWhole', () => {
  it('writes nothing outside', async () => {
    await symlink('..', at('up'));
    await symlink('../secret', at('link'));
    await expect(writeWhole(at('up/secret'), 'x', { within: root })).rejects.toThrow('leads out');
    await expect(writeWhole(at('up/new/file'), 'x', { within: root })).rejects.toThrow('leads out');
    await writeWhole(at('link'), 'x', { within: root }); // replaces the link
    expect(readFileSync(at('link'), 'utf8')).toBe('x');
    expect(readFileSync(path.join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(readdirSync(outside).sort()).toEqual(['root', 'secret']);
  });
});
