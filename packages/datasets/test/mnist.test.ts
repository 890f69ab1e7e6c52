import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { mnist, mnistLoader } from '../src/index.js';
import { failureOf, hashOf, idx, MADE, MADE_FILES, NAMES, useEmptyMachine, writeSet } from './_made.js';

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
