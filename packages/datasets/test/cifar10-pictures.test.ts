import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Dataset, Progress } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { cifar10 } from '../src/index.js';
import { CLASSES, madePictures, pictureOf, valueAt, writePictures } from './_cifar10.js';
import { failureOf, useEmptyMachine } from './_made.js';
import { tarOf } from './_tars.js';

const machine = useEmptyMachine();
const decodedFolder = () => join(machine.cache, 'cifar10', 'decoded');

/** Loads, and counts the pictures decoded. */
async function load(dataDir: string) {
  const heard: Progress[] = [];
  const onProgress = (progress: Progress) => void heard.push(progress);
  const dataset = await cifar10.load({ seed: 1, dataDir, offline: true, validationFraction: 0, onProgress });
  return { dataset, heard, decoded: heard.at(-1)?.done ?? 0 };
}

describe('CIFAR-10 in pictures', () => {
  it('is decoded, the first of every class first', async () => {
    const dataDir = await writePictures(join(machine.root, 'here'), await madePictures());
    await writeFile(join(dataDir, 'train', 'notes.txt'), 'not a folder');
    await writeFile(join(dataDir, 'train', 'cat', 'notes.txt'), 'not a picture');
    const { dataset, heard } = await load(dataDir);
    const { train, test, label, notes, source } = dataset;
    expect([...train.labels]).toEqual([...CLASSES.keys(), ...CLASSES.keys()]);
    expect([...test.labels]).toEqual([...CLASSES.keys()]);
    // PNGs keep every value; image 3·class + 1 is the second to learn from, + 2 the one to test.
    for (const [set, at, image] of [
      [train, 14, 3 * 4 + 1],
      [test, 7, 3 * 7 + 2],
    ] as const)
      for (let i = 0; i < 3072; i++)
        expect(set.pixels[at * 3072 + i]).toBe(
          valueAt(image, Math.floor(i / 96), Math.floor(i / 3) % 32, i % 3),
        );
    expect([label, source]).toEqual(['CIFAR-10 (PNG, 30 images)', dataDir]);
    expect(notes.join(' ')).toContain('read from PNG pictures');
    expect(heard[0]).toEqual({ stage: 'decode CIFAR-10', done: 0, total: 30 });
    expect(heard.at(-1)).toMatchObject({ done: 30, total: 30, figures: { secondsLeft: 0 } });
  });

  it('is marked as JPEG where it was stored so', async () => {
    const dataDir = await writePictures(join(machine.root, 'here'), await madePictures('jpg'));
    const { label, test } = (await load(dataDir)).dataset;
    expect(label).toBe('CIFAR-10 (JPEG, 30 images)');
    const sum = test.pixels.reduce((a, b) => a + b, 0);
    let expected = 0;
    for (let c = 0; c < 10; c++)
      for (let i = 0; i < 3072; i++)
        expected += valueAt(3 * c + 2, Math.floor(i / 96), Math.floor(i / 3) % 32, i % 3);
    expect(Math.abs(sum - expected) / test.pixels.length).toBeLessThan(4);
  });

  it('is the same out of an archive, whatever the order, with or without a folder around', async () => {
    const pictures = await madePictures();
    const folder = await writePictures(join(machine.root, 'folder'), pictures);
    const { dataset } = await load(folder);
    const entries = [...pictures].toReversed().map(([path, bytes]) => ({ path: `./${path}`, bytes }));
    const archives: [string, Buffer][] = [
      ['cifar10-jpeg.tar.gz', gzipSync(tarOf(entries))],
      ['cifar10-png.tar', tarOf(entries)],
      [
        'cifar10.tgz',
        gzipSync(tarOf(entries.map(({ path, bytes }) => ({ path: `cifar10/${path.slice(2)}`, bytes })))),
      ],
    ];
    for (const [name, bytes] of archives) {
      const dataDir = join(machine.root, name, 'cifar10-jpeg');
      await mkdir(dataDir, { recursive: true });
      await writeFile(join(dataDir, name), bytes);
      const { dataset: other } = await load(join(machine.root, name));
      expect([other.source, other.checksum]).toEqual([dataDir, dataset.checksum]);
      expect(Buffer.from(other.train.pixels).equals(dataset.train.pixels)).toBe(true);
      expect([...other.test.labels]).toEqual([...dataset.test.labels]);
    }
  });

  it('is refused as an archive with a path that leaves it', async () => {
    const dataDir = join(machine.root, 'here');
    await mkdir(dataDir);
    const entries = [...(await madePictures())].map(([path, bytes]) => ({ path, bytes }));
    const evil = { path: '../train/cat/0003.png', bytes: await pictureOf(1) };
    await writeFile(join(dataDir, 'cifar10.tar'), tarOf([...entries, evil]));
    expect(await failureOf(load(dataDir))).toMatch(/refused: \.\.\/train\/cat\/0003\.png leaves the folder/);
  });
});

describe('the decoded pictures', () => {
  it('are kept: the second time none is decoded, and a changed one changes everything', async () => {
    const dataDir = await writePictures(join(machine.root, 'here'), await madePictures());
    const first = await load(dataDir);
    const again = await load(dataDir);
    expect([first.decoded, again.decoded]).toEqual([30, 0]);
    expectSame(again.dataset, first.dataset);

    await writeFile(join(dataDir, 'train', 'dog', '0002.png'), await pictureOf(99));
    const changed = await load(dataDir);
    expect(changed.decoded).toBe(30);
    expect(changed.dataset.checksum).not.toBe(first.dataset.checksum);
    expect(changed.dataset.train.pixels[15 * 3072]).toBe(valueAt(99, 0, 0, 0));
  });

  it.each<[string, (file: string) => Promise<void>]>([
    ['one bit is wrong', (file) => patch(file, (bytes) => (bytes[bytes.length - 100] ^= 1))],
    [
      'one bit of the description is wrong',
      (file) => patch(file, (bytes) => (bytes[bytes.indexOf('PNG')] ^= 1)),
    ],
    ['it was cut short', (file) => truncate(file, 50_000)],
    ['it is empty', (file) => truncate(file, 0)],
    ['it holds something else', (file) => writeFile(file, 'one line\nanother\nthird')],
  ])('are decoded again if %s in the cache', async (_, damage) => {
    const dataDir = await writePictures(join(machine.root, 'here'), await madePictures());
    const { dataset } = await load(dataDir);
    const [name] = await readdir(decodedFolder());
    const good = await readFile(join(decodedFolder(), name));
    await damage(join(decodedFolder(), name));
    const again = await load(dataDir);
    expect(again.decoded).toBe(30);
    expectSame(again.dataset, dataset);
    expect(await readdir(decodedFolder())).toEqual([name]);
    expect((await readFile(join(decodedFolder(), name))).equals(good)).toBe(true);
    expect((await load(dataDir)).decoded).toBe(0);
  });

  it('are there, with a note, where they cannot be kept', async () => {
    const dataDir = await writePictures(join(machine.root, 'here'), await madePictures());
    await mkdir(join(machine.cache, '..'), { recursive: true });
    await writeFile(machine.cache, 'a file where the cache would be');
    const { dataset } = await load(dataDir);
    expect(dataset.test.labels).toHaveLength(10);
    expect(dataset.notes.join(' ')).toMatch(/could not be kept for next time/);
  });
});

describe('a damaged set of pictures is named:', () => {
  it.each<[string, string, (good: Buffer) => Promise<Uint8Array> | Uint8Array, RegExp]>([
    ['cut short', 'test/frog/0001.jpg', (good) => good.subarray(0, good.length / 2), /cannot be decoded/],
    ['no picture', 'test/frog/0001.jpg', () => Buffer.from('<html>'), /A picture is a web page/],
    [
      'of another size',
      'train/cat/0002.jpg',
      () => pictureOf(1, { side: 33, format: 'jpeg' }),
      /33×33[^]*32×32/,
    ],
    ['absurdly large', 'train/cat/0002.jpg', () => pictureOf(1, { side: 600 }), /exceeds pixel limit/],
  ])('a picture that is %s', async (_, path, bad, words) => {
    const pictures = await madePictures('jpg');
    pictures.set(path, Buffer.from(await bad(pictures.get(path)!)));
    const dataDir = await writePictures(join(machine.root, 'here'), pictures);
    const failure = await failureOf(load(dataDir));
    expect(failure).toMatch(words);
    expect(failure).toContain(join(dataDir, path));
    expect(await readdir(decodedFolder()).catch(() => [])).toEqual([]);
  });

  it('a missing picture, a missing class, a folder of no class', async () => {
    const dataDir = await writePictures(join(machine.root, 'here'), await madePictures());
    await rm(join(dataDir, 'train', 'ship', '0001.png'));
    expect(await failureOf(load(dataDir))).toMatch(/not equally many[^]*2 of horse, 1 of ship, 2 of truck/);
    await rm(join(dataDir, 'train', 'ship'), { recursive: true });
    expect(await failureOf(load(dataDir))).toContain(`${dataDir} lacks train/ship`);
    await writePictures(dataDir, await madePictures());
    await mkdir(join(dataDir, 'test', 'beaver'));
    expect(await failureOf(load(dataDir))).toMatch(
      /folder "beaver", which is no class[^]*airplane, automobile/,
    );
  });

  it('one that cannot be read', async () => {
    const dataDir = await writePictures(join(machine.root, 'here'), await madePictures());
    const file = join(dataDir, 'train', 'ship', '0001.png');
    await rm(file);
    await mkdir(file);
    expect(await failureOf(load(dataDir))).toMatch(/cannot be read[^]*0001\.png/);
  });
});

function expectSame(a: Dataset, b: Dataset): void {
  expect({ ...a, train: null, test: null, validation: null }).toEqual({
    ...b,
    train: null,
    test: null,
    validation: null,
  });
  for (const part of ['train', 'validation', 'test'] as const)
    for (const array of ['pixels', 'labels'] as const)
      expect(Buffer.from(a[part][array]).equals(b[part][array])).toBe(true);
}

async function patch(file: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(file);
  change(bytes);
  await writeFile(file, bytes);
}
