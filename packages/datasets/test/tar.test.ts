import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTar } from '../src/_tar.js';
import { failureOf, useEmptyMachine } from './_made.js';
import { tarOf, type TarEntry } from './_tars.js';

const machine = useEmptyMachine();

const bytes = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => (i * i * seed) % 251);
const GOOD: readonly TarEntry[] = [
  { path: './', type: '5' },
  { path: './a/', type: '5' },
  { path: './a/one.bin', bytes: bytes(1000) },
  { path: './a/two.txt', bytes: bytes(10) },
  { path: 'a/three.bin', bytes: bytes(70_000, 7) },
  { path: 'a/empty.bin' },
];

async function read(archive: Uint8Array, { maxFileBytes = 100_000, maxBytes = 2 ** 20 } = {}) {
  const file = join(machine.root, 'archive.tar');
  await writeFile(file, archive);
  return readTar(file, { want: (path) => path.endsWith('.bin'), maxFileBytes, maxBytes });
}

describe('a tar archive', () => {
  it.each([
    ['plain', tarOf(GOOD)],
    ['gzip, whatever its name', gzipSync(tarOf(GOOD))],
  ])('gives the wanted files, byte for byte (%s)', async (_, archive) => {
    const contents = await read(archive);
    expect([...contents.keys()]).toEqual(['a/one.bin', 'a/three.bin', 'a/empty.bin']);
    expect(contents.get('a/one.bin')?.equals(bytes(1000))).toBe(true);
    expect(contents.get('a/three.bin')?.equals(bytes(70_000, 7))).toBe(true);
  });

  it('of nothing but zeros is empty, and a gzip file with zeros after the end is read to its check sum', async () => {
    expect((await read(gzipSync(Buffer.alloc(2 ** 20 - 1024)))).size).toBe(0);
    const archive = gzipSync(Buffer.concat([tarOf(GOOD), Buffer.alloc(2 ** 19)]));
    expect((await read(archive)).size).toBe(3);
    archive[archive.length - 6] ^= 1;
    expect(await failureOf(read(archive))).toMatch(/An archive is damaged: incorrect data check/);
  });

  it('that unpacks without end is refused before all of it is unpacked', async () => {
    const failure = await failureOf(read(gzipSync(Buffer.alloc(2 ** 24)), { maxBytes: 2 ** 20 }));
    expect(failure).toMatch(/it unpacks to more than 2097152 bytes/);
  });

  it.each<[string, TarEntry, RegExp]>([
    ['a path that leaves the folder', { path: '../evil.bin' }, /\.\.\/evil\.bin leaves the folder/],
    ['… in the middle', { path: 'a/b/../../../evil.txt' }, /leaves the folder/],
    ['… in the way of Windows', { path: 'a\\..\\..\\evil.txt' }, /leaves the folder/],
    ['an absolute path', { path: '/etc/evil' }, /\/etc\/evil leaves the folder/],
    ['… with a drive', { path: 'C:\\evil' }, /leaves the folder/],
    [
      'a symbolic link',
      { path: 'a/link.bin', type: '2', link: '/etc/passwd' },
      /link\.bin is no file.*SymbolicLink/,
    ],
    ['a hard link', { path: 'a/link.bin', type: '1', link: 'a/one.bin' }, /is no file or folder but a Link/],
    ['a device', { path: 'a/null', type: '3' }, /CharacterDevice/],
    ['a path twice', { path: 'a/one.bin', bytes: bytes(3) }, /one\.bin is in it twice/],
  ])('is refused with %s', async (_, entry, words) => {
    for (const archive of [tarOf([...GOOD, entry]), gzipSync(tarOf([...GOOD, entry]))]) {
      const failure = await failureOf(read(archive));
      expect(failure).toMatch(/An archive is refused/);
      expect(failure).toMatch(words);
      expect(failure).toContain(join(machine.root, 'archive.tar'));
    }
  });

  it('is refused with a file or a whole beyond the limits, before that is unpacked', async () => {
    expect(await failureOf(read(tarOf(GOOD), { maxFileBytes: 69_999 }))).toMatch(
      /three\.bin has 70000 bytes[^]*at most 69999 bytes a file/,
    );
    expect(await failureOf(read(tarOf(GOOD), { maxBytes: 70_000 }))).toMatch(/71010 bytes[^]*at most 70000/);
    // It says that 8 GiB follow.
    const lying = tarOf([{ path: 'a/unwanted.txt', size: 8 ** 11 - 1 }], { end: false });
    expect(await failureOf(read(lying))).toMatch(/8589934591 bytes[^]*at most 1048576 bytes in all/);
    // 8 MiB of zeros in 8 kB.
    const bomb = gzipSync(tarOf([{ path: 'a/zeros.txt', bytes: new Uint8Array(2 ** 23) }]));
    expect(await failureOf(read(bomb))).toMatch(/8388608 bytes[^]*at most 1048576/);
  });

  const whole = tarOf(GOOD);
  const packed = gzipSync(whole);
  const flipped = Buffer.from(packed);
  flipped[flipped.length - 6] ^= 1; // in the check sum at the end
  const badHeader = Buffer.from(whole);
  badHeader[1024] ^= 1; // in the name of the third entry

  it.each<[string, Uint8Array, RegExp]>([
    ['cut within a file', whole.subarray(0, 10_000), /truncated/],
    ['cut between two entries', tarOf(GOOD.slice(0, 3), { end: false }), /truncated/],
    ['cut within a header', whole.subarray(0, 1100), /truncated/],
    ['gzip cut short', packed.subarray(0, packed.length - 20), /truncated/],
    ['gzip with a wrong check sum', flipped, /damaged/],
    ['a wrong check sum of a header', badHeader, /damaged.*checksum/],
    ['an HTML page', Buffer.from(`<html>${'not here '.repeat(200)}</html>`), /damaged|truncated/],
    ['an empty file', Buffer.alloc(0), /damaged|truncated/],
  ])('that is damaged is named: %s', async (_, archive, words) => {
    const failure = await failureOf(read(archive));
    expect(failure).toMatch(words);
    expect(failure).toContain(join(machine.root, 'archive.tar'));
    expect(failure).toContain('do:');
  });

  it('that is not there is named', async () => {
    const file = join(machine.root, 'none.tar');
    const failure = await failureOf(readTar(file, { want: () => true, maxFileBytes: 1 }));
    expect(failure).toMatch(/cannot be read[^]*none\.tar/);
  });
});
