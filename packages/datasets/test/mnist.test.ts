import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readMaybeGzip } from '../src/_gzip.js';
import { idxLength, parseIdx } from '../src/_idx.js';
import { describe, expect, it } from 'vitest';
import { mnist, mnistLoader } from '../src/index.js';
import { failureOf, hashOf, idx, MADE, MADE_FILES, NAMES, useEmptyMachine, writeSet } from './_made.js';

/** Real data, if there is any. */
const data = process.env.WEIGHTMAP_DATA;
const machine = useEmptyMachine();
const loader = mnistLoader({ files: MADE_FILES });

describe('a set of IDX files', () => {
  it.each([true, false])('is read (gzip: %s)', async (gzip) => {
    const dataDir = await writeSet(join(machine.root, 'here'), { gzip });
    const { train, validation, test, checksum, source } = await loader.load({ seed: 1, dataDir });

    expect([train.labels.length, validation.labels.length, test.labels.length]).toEqual([18, 2, 4]);
    expect([...test.labels]).toEqual([0, 1, 2, 3]);
    expect([test.pixels[0], test.pixels[783], test.pixels[784], test.pixels[4 * 784 - 1]]).toEqual([
      100, 100, 101, 103,
    ]);
    expect(source).toBe(dataDir);
    expect(checksum).toBe(hashOf(Buffer.from(Object.values(MADE).map(hashOf).join(''))));
  });

  it('may have the names with a dot, and gzip files that a browser has unpacked', async () => {
    const dataDir = await writeSet(join(machine.root, 'here'), {
      replace: { trainImages: MADE.trainImages },
    });
    await rename(join(dataDir, `${NAMES.testImages}.gz`), join(dataDir, 't10k-images.idx3-ubyte.gz'));
    expect((await loader.load({ seed: 1, dataDir })).train.labels).toHaveLength(18);
  });

  it('is split by seed into parts that are disjoint and complete, images and labels together', async () => {
    const dataDir = await writeSet(join(machine.root, 'here'));
    const split = async (seed: number) => {
      const { train, validation } = await loader.load({ seed, dataDir, validationFraction: 0.25 });
      const ids = [train, validation].map((set) => [...set.labels.keys()].map((i) => set.pixels[i * 784]));
      for (const [s, set] of [train, validation].entries())
        expect([...set.labels]).toEqual(ids[s].map((i) => i % 10));
      return ids;
    };
    const [train, validation] = await split(1);
    expect(validation).toHaveLength(5);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
    expect(await split(1)).toEqual([train, validation]);
    expect((await split(2))[1]).not.toEqual(validation);
  });

  it('refuses a validation share or a seed that is none', async () => {
    const dataDir = await writeSet(join(machine.root, 'here'));
    expect(await failureOf(loader.load({ seed: 1, dataDir, validationFraction: 1 }))).toContain('[0, 1)');
    expect(await failureOf(loader.load({ seed: Number.NaN, dataDir }))).toContain('The seed is NaN');
  });
});

describe('a damaged file is named, with what was expected and what was found:', () => {
  const images = MADE.trainImages;
  const packed = gzipSync(images);
  const flipped = Buffer.from(packed);
  flipped[flipped.length - 6] ^= 1; // in the check sum at the end
  const wrongByte = Buffer.from(images);
  wrongByte[5000] ^= 1;

  it.each([
    ['gzip cut short', packed.subarray(0, packed.length - 20), ['truncated', `${packed.length - 20} bytes`]],
    ['gzip with a wrong check sum', flipped, ['gzip file is damaged']],
    ['no IDX file', Buffer.from('<html>not here</html>'), ['0x3c68746d', '0x00000803']],
    ['labels for images', MADE.trainLabels, ['0x00000801', '0x00000803']],
    ['an empty file', Buffer.alloc(0), ['0 bytes']],
    ['a header cut short', images.subarray(0, 9), ['breaks off after 9', '16 bytes']],
    ['data cut short', images.subarray(0, 1000), ['truncated: 984 bytes', '20×28×28 = 15680']],
    ['bytes after the data', Buffer.concat([images, Buffer.alloc(3)]), ['3 bytes too many', '15680']],
    ['another size of image', idx([20, 32, 32], () => 0), ['32×32', '28×28']],
    ['no images at all', idx([0, 28, 28], () => 0), ['holds nothing']],
    ['one bit of the content', wrongByte, [hashOf(wrongByte), hashOf(images)]],
  ])('%s', async (_, bytes, words) => {
    const dataDir = await writeSet(join(machine.root, 'here'), { replace: { trainImages: bytes } });
    const failure = await failureOf(loader.load({ seed: 1, dataDir }));
    for (const word of [join(dataDir, 'train-images-idx3-ubyte.gz'), ...words])
      expect(failure).toContain(word);
  });

  it('counts that disagree, and labels that are no class', async () => {
    const files = { ...MADE_FILES, trainLabels: { name: NAMES.trainLabels } };
    const unchecked = mnistLoader({ files });
    const few = await writeSet(join(machine.root, 'few'), { replace: { trainLabels: idx([19], () => 0) } });
    expect(await failureOf(unchecked.load({ seed: 1, dataDir: few }))).toMatch(
      /20 images, .*train-labels.* 19 labels/,
    );
    const strange = await writeSet(join(machine.root, 'strange'), {
      replace: { trainLabels: idx([20], (i) => i) },
    });
    expect(await failureOf(unchecked.load({ seed: 1, dataDir: strange }))).toMatch(
      /Label 10 is 10[^]*train-labels[^]*0 … 9/,
    );
  });

  it('MNIST is taken for MNIST only with its published content', async () => {
    const dataDir = await writeSet(join(machine.root, 'here'));
    expect(await failureOf(mnist.load({ seed: 1, dataDir, offline: true }))).toContain(
      'SHA-256 ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    );
  });
});

describe('a good file in another form is named as what it is:', () => {
  const header = (type: number, ...shape: number[]) =>
    Buffer.from([0, 0, type, shape.length, ...shape.flatMap((size) => [0, 0, size >> 8, size & 255])]);
  const unchecked = mnistLoader({
    id: 'other',
    files: Object.fromEntries(
      Object.entries(NAMES).map(([part, name]) => [part, { name }]),
    ) as typeof MADE_FILES,
  });

  it.each<[string, Buffer, RegExp]>([
    ['a web page', Buffer.from('<!DOCTYPE html><html><title>403 Forbidden</title></html>'), /is a web page/],
    ['a zip archive', Buffer.from('PK\x03\x04 and more'), /is a zip archive/],
    ['a NumPy array', Buffer.from('\x93NUMPY\x01\x00', 'latin1'), /is a NumPy \.npy/],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
      /is a Git LFS pointer/,
    ],
    ['floats', Buffer.concat([header(0x0d, 2, 28, 28), Buffer.alloc(2 * 784 * 4)]), /2×28×28 32-bit floats/],
    ['images of another size', Buffer.concat([header(8, 2, 32, 32), Buffer.alloc(2048)]), /images are 32×32/],
  ])('%s', async (_, bytes, words) => {
    const dataDir = await writeSet(join(machine.root, 'here'), { replace: { trainImages: bytes } });
    const failure = await failureOf(unchecked.load({ seed: 1, dataDir }));
    expect(failure).toMatch(words);
    expect(failure).not.toMatch(/delete|fetch it again/);
  });

  it('QMNIST’s labels, eight integers an image', () => {
    const bytes = Buffer.concat([header(0x0c, 5, 8), Buffer.alloc(5 * 8 * 4)]);
    expect(() => parseIdx(bytes, 'labels', [])).toThrow(/IDX array of 5×8 32-bit integers/);
    try {
      parseIdx(bytes, 'labels', []);
    } catch (error) {
      expect((error as { details: { fix: string } }).details.fix).toContain('QMNIST');
    }
  });

  it('labels that count from 1', async () => {
    const dataDir = await writeSet(join(machine.root, 'here'), {
      replace: { trainLabels: idx([20], (i) => 1 + (i % 10)) },
    });
    expect(await failureOf(unchecked.load({ seed: 1, dataDir }))).toMatch(/Label 9 is 10[^]*count from 1/);
  });

  it('the same images for training and test', async () => {
    const dataDir = await writeSet(join(machine.root, 'here'), {
      replace: { testImages: MADE.trainImages, testLabels: MADE.trainLabels },
    });
    expect(await failureOf(unchecked.load({ seed: 1, dataDir }))).toContain('images are the same');
  });
});

describe('a gzip file', () => {
  it('may unpack to as much as its header says, however much that is, and to no more', async () => {
    const write = async (name: string, bytes: Buffer) => {
      const file = join(machine.root, name);
      await writeFile(file, gzipSync(bytes));
      return file;
    };
    // 700,000 images are announced, more than 512 MiB, and three are there: truncated, not too large.
    const start = idx([3, 28, 28], (i) => i % 256);
    start.writeUInt32BE(700_000, 4);
    const large = await readMaybeGzip(await write('large.gz', start), idxLength);
    expect(idxLength(large)).toBe(16 + 700_000 * 784);
    expect(() => parseIdx(large, 'large.gz', [28, 28])).toThrow(/truncated: 2352 bytes/);

    const surplus = await write('surplus.gz', Buffer.concat([MADE.testLabels, Buffer.alloc(10_000)]));
    const failure = await failureOf(readMaybeGzip(surplus, idxLength));
    expect(failure).toContain(`unpacks to more than ${MADE.testLabels.length + 1} bytes`);
    expect(failure).not.toContain('damaged');
  });
});

describe('the content decides what a file is', () => {
  it.runIf(data)('MNIST’s digits are refused by a loader of other data', async () => {
    const fashion = mnistLoader({
      id: 'fashion-mnist',
      label: 'Fashion-MNIST',
      files: Object.fromEntries(
        Object.entries(NAMES).map(([part, name]) => [part, { name }]),
      ) as typeof MADE_FILES,
    });
    const dataDir = join(data!, 'mnist');
    expect(await failureOf(fashion.load({ seed: 1, dataDir, offline: true }))).toMatch(
      /is MNIST's train-images-idx3-ubyte, not Fashion-MNIST's/,
    );
  });

  it('torchvision’s layout is found', async () => {
    const dataDir = join(machine.root, 'torchvision');
    await writeSet(join(dataDir, 'FashionMNIST', 'raw'));
    const fashion = mnistLoader({ id: 'fashion-mnist', label: 'Fashion-MNIST', files: MADE_FILES });
    expect((await fashion.load({ seed: 1, dataDir, offline: true })).source).toBe(
      join(dataDir, 'FashionMNIST', 'raw'),
    );
  });
});

describe('data of the same form', () => {
  it('loads under an id and class names of its own', async () => {
    await writeSet(join(machine.cwd, 'data', 'letters'));
    const classes = [...'ABCDEFGHIJ'];
    const letters = mnistLoader({ id: 'letters', label: 'Letters', classes, files: MADE_FILES });
    const { spec, id, label } = await letters.load({ seed: 1 });
    expect([id, label, spec.classes]).toEqual(['letters', 'Letters', classes]);
  });
});

describe('locate', () => {
  it('tells where the files are, what is missing, or how to get them', async () => {
    expect(await loader.locate({})).toEqual({
      found: null,
      advice: expect.stringContaining(machine.cache) as string,
    });
    expect((await mnist.locate({})).advice).toContain('downloaded into');
    expect((await loader.locate({ dataDir: join(machine.root, 'none') })).advice).toContain('does not exist');

    const folder = join(machine.cwd, 'data');
    await mkdir(folder);
    await writeFile(join(folder, NAMES.trainLabels), 'x');
    expect((await loader.locate({})).advice).toContain(`${folder} lacks ${NAMES.trainImages}, t10k`);
    await writeSet(folder);
    expect(await loader.locate({})).toEqual({ found: folder, advice: 'Nothing to do.' });
  });
});
