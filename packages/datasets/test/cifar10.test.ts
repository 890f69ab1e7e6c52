import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { countOf, type ImageSet } from '@weightmap/core';
import { writeMadeCifar10 } from '@weightmap/test-utils';
import { describe, expect, it, vi } from 'vitest';
import { cifar10, cifar10Loader } from '../src/index.js';
import { batchOf, BATCHES, CLASSES, MADE_BATCHES, valueAt, writeBatches } from './_cifar10.js';
import { failureOf, hashOf, useEmptyMachine } from './_made.js';
import { breaksOff, sendRange, useServers } from './_server.js';
import { tarOf } from './_tars.js';

const machine = useEmptyMachine();
const serve = useServers();
const TEN = [...Array(10).keys()];

const ARCHIVE = 'cifar-10-binary.tar.gz';
const archive = gzipSync(
  tarOf([
    { path: 'cifar-10-batches-bin/', type: '5' },
    ...BATCHES.toReversed().map((name) => ({
      path: `cifar-10-batches-bin/${name}`,
      bytes: MADE_BATCHES[name],
    })),
    { path: 'cifar-10-batches-bin/readme.html', bytes: Buffer.from('<html>') },
  ]),
);
const md5Of = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const loader = cifar10Loader({ md5: md5Of(archive) });

/** Which of the made images each image is: no two begin with the same three bytes. */
const numbersOf = ({ pixels, labels }: ImageSet) =>
  [...labels.keys()].map((i) =>
    Array.from({ length: 60 }, (_, image) => image).find((image) =>
      [0, 1, 2].every((channel) => pixels[i * 3072 + channel] === valueAt(image, 0, 0, channel)),
    ),
  );

describe('CIFAR-10 in its published files', () => {
  it('has red, green and blue of a pixel side by side, labels, and the test file as its test part', async () => {
    const dataDir = await writeBatches(join(machine.root, 'here'));
    const { spec, train, validation, test, checksum, source } = await cifar10.load({ seed: 1, dataDir });
    expect(spec).toMatchObject({ height: 32, width: 32, channels: 3, classes: CLASSES });
    expect([train, validation, test].map(countOf)).toEqual([45, 5, 10]);
    expect([...test.labels]).toEqual(TEN);
    for (let image = 0; image < 10; image++)
      for (let y = 0; y < 32; y++)
        for (let x = 0; x < 32; x++)
          for (let channel = 0; channel < 3; channel++)
            expect(test.pixels[((image * 32 + y) * 32 + x) * 3 + channel]).toBe(
              valueAt(50 + image, y, x, channel),
            );
    expect(source).toBe(dataDir);
    expect(checksum).toBe(hashOf(Buffer.from(BATCHES.map((name) => hashOf(MADE_BATCHES[name])).join(''))));
  });

  it('is split by seed into parts that are disjoint and complete, images and labels together', async () => {
    const dataDir = await writeBatches(join(machine.root, 'here'));
    const split = async (seed: number) => {
      const { train, validation } = await cifar10.load({ seed, dataDir, validationFraction: 0.2 });
      for (const set of [train, validation])
        for (const [i, image] of numbersOf(set).entries())
          expect(set.labels[i]).toBe(Math.floor(image! / 10) % 2 ? image! % 10 : 9 - (image! % 10));
      return [train, validation].map(numbersOf) as number[][];
    };
    const [train, validation] = await split(1);
    expect(validation).toHaveLength(10);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect(await split(1)).toEqual([train, validation]);
    expect((await split(2))[1]).not.toEqual(validation);
  });

  it('says that a smaller set is not the published one', async () => {
    const dataDir = await writeBatches(join(machine.root, 'here'));
    const { label, notes } = await cifar10.load({ seed: 1, dataDir });
    expect(label).toBe('CIFAR-10 (60 images)');
    expect(notes.join(' ')).toContain('A set of 60 images; the published one has 60000.');
  });

  it('is the same out of the archive, the folder that it holds, or a folder of the files alone', async () => {
    const folders = ['archive', 'folder', 'files'].map((name) => join(machine.root, name, 'cifar10'));
    await mkdir(folders[0], { recursive: true });
    await writeFile(join(folders[0], ARCHIVE), archive);
    await writeBatches(join(folders[1], 'cifar-10-batches-bin'));
    await writeBatches(folders[2]);
    const loaded = [];
    for (const folder of folders) {
      vi.stubEnv('WEIGHTMAP_DATA', join(folder, '..'));
      loaded.push(await loader.load({ seed: 1, offline: true }));
    }
    expect(loaded.map(({ source }) => source)).toEqual(folders);
    for (const { checksum, train } of loaded) {
      expect(checksum).toBe(loaded[0].checksum);
      expect(Buffer.from(train.pixels).equals(loaded[0].train.pixels)).toBe(true);
    }
  });

  it('can be made small for tests of others', async () => {
    const dataDir = await writeMadeCifar10(join(machine.root, 'made'), { testPerClass: 2 });
    const { train, validation, test } = await cifar10.load({ seed: 1, dataDir });
    expect([train, validation, test].map(countOf)).toEqual([90, 10, 20]);
  });
});

describe('a damaged file of CIFAR-10 is named, with what was expected and what was found:', () => {
  const good = MADE_BATCHES['data_batch_3.bin'];
  const strange = Buffer.from(good);
  strange[3073] = 10;
  it.each<[string, Uint8Array, RegExp]>([
    ['cut within a record', good.subarray(0, 30_000), /30000 bytes: 9 records and 2343 bytes over[^]*3073/],
    ['bytes after the records', Buffer.concat([good, Buffer.alloc(5)]), /10 records and 5 bytes over/],
    ['empty', Buffer.alloc(0), /0 bytes: 0 records/],
    ['cut between two records', good.subarray(0, 9 * 3073), /different numbers of images: 9 and 10/],
    ['a label that is no class', strange, /Record 1 has the label 10[^]*0 … 9/],
    [
      'another file in its place',
      batchOf(Array<number>(10).fill(3)),
      /not equally many training[^]*14 of cat[^]*5 of each/,
    ],
  ])('%s', async (_, bytes, words) => {
    const dataDir = await writeBatches(join(machine.root, 'here'), { 'data_batch_3.bin': bytes });
    const failure = await failureOf(cifar10.load({ seed: 1, dataDir }));
    expect(failure).toMatch(words);
    expect(failure).toContain(dataDir);
    expect(failure).toMatch(/do: .*fetch/);
  });

  it('a missing one', async () => {
    const dataDir = await writeBatches(join(machine.root, 'here'), { 'data_batch_4.bin': null });
    expect(await failureOf(cifar10.load({ seed: 1, dataDir }))).toContain(
      `${dataDir} lacks data_batch_4.bin`,
    );
  });

  it('an archive with another checksum, or without one of the files', async () => {
    const dataDir = join(machine.root, 'here');
    await mkdir(dataDir);
    const incomplete = gzipSync(
      tarOf([{ path: 'cifar-10-batches-bin/test_batch.bin', bytes: MADE_BATCHES['test_batch.bin'] }]),
    );
    await writeFile(join(dataDir, ARCHIVE), incomplete);
    const other = await failureOf(cifar10.load({ seed: 1, dataDir }));
    for (const word of [join(dataDir, ARCHIVE), md5Of(incomplete), 'MD5 c32a1d4ab5d03f1284b67883e8d87530'])
      expect(other).toContain(word);
    const load = cifar10Loader({ md5: md5Of(incomplete) }).load({ seed: 1, dataDir });
    expect(await failureOf(load)).toContain('lacks cifar-10-batches-bin/data_batch_1.bin');
  });
});

describe('CIFAR-10 that is not found', () => {
  it('is downloaded into the cache once, over a connection that breaks off', async () => {
    const { begin, hangUp } = breaksOff();
    const { url, seen } = await serve((response, request) =>
      request.headers.range ? sendRange(response, request, archive) : begin(response, archive),
    );
    const fetching = cifar10Loader({ md5: md5Of(archive), mirrors: [url] });
    const stages = new Set<string>();
    const onProgress = (progress: { stage: string; done: number; total: number }) => {
      stages.add(`${progress.stage}: ${progress.total}`);
      hangUp(progress);
    };
    const folder = join(machine.cache, 'cifar10');
    const { test, source } = await fetching.load({ seed: 1, onProgress });
    expect(countOf(test)).toBe(10);
    expect(source).toBe(`${folder}, downloaded from ${new URL(url).host}`);
    expect([...stages]).toEqual([`download ${ARCHIVE} from ${new URL(url).host}: ${archive.length}`]);
    expect((await fetching.load({ seed: 1, offline: true })).source).toBe(folder);
    expect(seen.map(({ path }) => path)).toEqual([`/${ARCHIVE}`, `/${ARCHIVE}`]);
    expect(await readdir(folder)).toEqual([ARCHIVE]);
  });

  it('never becomes a file with another checksum', async () => {
    const { url } = await serve((response) => response.end(gzipSync('something else')));
    const failure = await failureOf(cifar10Loader({ md5: md5Of(archive), mirrors: [url] }).load({ seed: 1 }));
    expect(failure).toContain(`${url}${ARCHIVE}: A file is not the published one`);
    expect(await readdir(join(machine.cache, 'cifar10'))).toEqual([]);
  });

  it('is not asked for when offline; the error says what to put where', async () => {
    const { url, seen } = await serve((response) => response.end());
    const failure = await failureOf(cifar10Loader({ mirrors: [url] }).load({ seed: 1, offline: true }));
    for (const word of ['downloads are forbidden', ARCHIVE, join(machine.cache, 'cifar10'), 'WEIGHTMAP_DATA'])
      expect(failure).toContain(word);
    expect(seen).toEqual([]);
    expect((await cifar10.locate({})).advice).toMatch(/downloaded \(170 MB\)/);
  });
});

describe('a good form of CIFAR-10 that is not read, or CIFAR-100, is named as what it is:', () => {
  it.each<[string, string, RegExp]>([
    ['the Python version', 'cifar-10-batches-py/data_batch_1', /Python version of CIFAR-10/],
    ['its folder itself', 'data_batch_1', /Python version of CIFAR-10/],
    ['its archive', 'cifar-10-python.tar.gz', /Python version of CIFAR-10/],
    ['the MATLAB version', 'cifar-10-batches-mat/data_batch_1.mat', /MATLAB version of CIFAR-10/],
    ['CIFAR-100', 'cifar-100-binary/train.bin', /CIFAR-100, another dataset/],
  ])('%s', async (_, file, words) => {
    const dataDir = join(machine.root, 'here');
    await mkdir(join(dataDir, file, '..'), { recursive: true });
    await writeFile(join(dataDir, file), Buffer.from('8002', 'hex'));
    const failure = await failureOf(cifar10.load({ seed: 1, dataDir, offline: true }));
    expect(failure).toMatch(words);
    expect(failure).toMatch(/cifar-10-binary\.tar\.gz/);
    expect(failure).not.toMatch(/delete|damaged/);
    // In a place that is searched anyway it is a note, and does not keep a good set elsewhere from being read.
    vi.stubEnv('WEIGHTMAP_DATA', dataDir);
    expect(await failureOf(cifar10.load({ seed: 1, offline: true }))).toMatch(words);
  });

  const LARGE = Buffer.alloc(10 * 3074);
  for (let i = 0; i < 10; i++) LARGE.set([i, 90 + i], i * 3074);
  it.each<[string, Buffer, RegExp]>([
    [
      'a pickle under the name of a batch',
      Buffer.concat([Buffer.from('80027d7101', 'hex'), Buffer.alloc(3073 * 10 - 5)]),
      /Python version/,
    ],
    ['a MATLAB file', Buffer.from(`MATLAB 5.0 MAT-file${' '.repeat(500)}`), /MATLAB version/],
    ['a batch that is still packed', gzipSync(MADE_BATCHES['data_batch_1.bin']), /gzip file[^]*unpack/],
    ['a page', Buffer.from('<!DOCTYPE html><html>'), /web page/],
    ['a pointer', Buffer.from('version https://git-lfs.github.com/spec/v1'), /Git LFS pointer/],
    ['CIFAR-100', LARGE, /a file of CIFAR-100/],
  ])('%s', async (_, bytes, words) => {
    const dataDir = await writeBatches(join(machine.root, 'here'), { 'data_batch_1.bin': bytes });
    expect(await failureOf(cifar10.load({ seed: 1, dataDir }))).toMatch(words);
  });

  const inFolder = (folder: string, names: readonly string[]) =>
    tarOf(names.map((name) => ({ path: `${folder}${name}`, bytes: MADE_BATCHES[name] ?? Buffer.from('x') })));
  const PYTHON = ['batches.meta', 'data_batch_1', 'data_batch_2', 'test_batch'];
  it.each<[string, Buffer, RegExp]>([
    [
      'cifar10.tar.gz',
      gzipSync(inFolder('cifar-10-batches-py/', PYTHON)),
      /Python version.*\(cifar10\.tar\.gz\)/,
    ],
    ['cifar10.tar', inFolder('', PYTHON), /Python version/],
    ['cifar.tgz', gzipSync(inFolder('data/', PYTHON.slice(1))), /Python version/],
    ['cifar-10.tar', inFolder('cifar-10-batches-mat/', ['data_batch_1.mat']), /MATLAB version/],
    ['cifar10.tgz', gzipSync(inFolder('cifar-100-python/', ['meta', 'train'])), /CIFAR-100, another dataset/],
    [ARCHIVE, gzipSync(inFolder('cifar-10-batches-py/', PYTHON)), /The archive is the Python version/],
    ['cifar-10.zip', Buffer.from('PK\x03\x04'), /not read here \(cifar-10\.zip\)[^]*unpack/],
  ])('the archive %s, by its content', async (name, bytes, words) => {
    const dataDir = join(machine.root, 'here');
    await mkdir(dataDir);
    await writeFile(join(dataDir, name), bytes);
    const failure = await failureOf(cifar10.load({ seed: 1, dataDir, offline: true }));
    expect(failure).toMatch(words);
    expect(failure).not.toMatch(/pictures/);
  });

  it.each([
    ['cifar10.tar.gz', 'cifar-10-batches-bin/'],
    ['cifar10.tar', ''],
    ['cifar-10-binary.tar', './cifar-10-batches-bin/'],
    ['CIFAR10_binary.tgz', 'data/'],
  ])('the published files in the archive %s are read', async (name, folder) => {
    const dataDir = join(machine.root, 'here');
    await mkdir(dataDir);
    const tar = inFolder(folder, ['readme.html', ...BATCHES]);
    await writeFile(join(dataDir, name), name.endsWith('gz') || name.endsWith('tgz') ? gzipSync(tar) : tar);
    const { test, checksum } = await cifar10.load({ seed: 1, dataDir, offline: true });
    expect([...test.labels]).toEqual(TEN);
    expect(checksum).toBe(hashOf(Buffer.from(BATCHES.map((batch) => hashOf(MADE_BATCHES[batch])).join(''))));
  });

  it('other files beside the batches do no harm', async () => {
    const dataDir = await writeBatches(join(machine.root, 'here'));
    for (const name of ['batches.meta.txt', 'readme.html', 'Thumbs.db'])
      await writeFile(join(dataDir, name), 'x');
    await mkdir(join(dataDir, 'cifar-10-batches-py'));
    expect((await cifar10.load({ seed: 1, dataDir })).train.labels).toHaveLength(45);
  });
});
