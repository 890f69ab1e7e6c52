import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countOf, NotFoundError, type Dataset, type DatasetOptions, type ImageSet } from '@weightmap/core';
import { writeMadeIwildcam } from '@weightmap/test-utils';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { iwildcam, iwildcam2class, iwildcamLoader } from '../src/index.js';
import { failureOf, useEmptyMachine } from './_made.js';
import { csvOf, gray, photo, rowOf, writeIn, writeWild } from './_wild.js';

const machine = useEmptyMachine();
const SIZE = 23 * 32;

const loader = iwildcamLoader({ classes: ['coyote', 'raccoon'], imagesPerClass: 20 });

/** Loads, and counts the photos decoded. */
async function load(dataDir: string, options: Partial<DatasetOptions> = {}, from = loader) {
  let decoded = 0;
  const onProgress = ({ done }: { done: number }) => void (decoded = done);
  const dataset = await from.load({ seed: 1, dataDir, offline: true, onProgress, ...options });
  return { dataset, decoded };
}
const partsOf = ({ train, validation, test }: Dataset) => [train, validation, test];

/** The gray value in the middle of every photo; `writeWild` makes it 2·index + class. */
const valuesOf = ({ pixels, labels }: ImageSet) => [...labels.keys()].map((i) => pixels[i * SIZE + SIZE / 2]);
const indicesOf = (set: ImageSet, label: number) =>
  valuesOf(set)
    .filter((_, i) => set.labels[i] === label)
    .map((value) => Math.round((value - label) / 2));
const here = () => join(machine.root, 'here');

describe('iWildCam', () => {
  it('is the ten classes of the paper in 23 rows and 32 columns of gray', () => {
    const classes = 'deer squirrel rodent fox coyote raccoon skunk cat dog opossum'.split(' ');
    expect(iwildcam).toMatchObject({ id: 'iwildcam', label: 'iWildCam' });
    expect(iwildcam.spec).toEqual({ height: 23, width: 32, channels: 1, classes });
    expect(iwildcam2class.label).toBe('iWildCam (2 classes)');
    expect(iwildcam2class.spec.classes).toEqual(['coyote', 'raccoon']);
  });

  it('cuts 70/20/10 within every class, the classes by turns, each photo with its label and in one part', async () => {
    const { dataset } = await load(await writeWild(here()));
    const parts = partsOf(dataset);
    expect(parts.map(countOf)).toEqual([28, 8, 4]);
    for (const set of parts) expect([...set.labels]).toEqual([...set.labels.keys()].map((i) => i % 2));
    for (const label of [0, 1])
      expect(parts.flatMap((set) => indicesOf(set, label)).sort((a, b) => a - b)).toEqual([
        ...Array(20).keys(),
      ]);
    expect(dataset.label).toBe('iWildCam');
    expect(dataset.notes[0]).toBe(
      '28 images train, 8 validate and 4 test: 20 of each class (coyote, raccoon), drawn by seed 1.',
    );
    expect(dataset.notes[1]).toMatch(/Split by image, as in the paper: frames of one burst/);
    expect(dataset.skipped).toEqual([]);
  });

  it('draws by seed, whatever the order of the list', async () => {
    const dataDir = await writeWild(here());
    const drawn = async (options: Partial<DatasetOptions> = {}) =>
      partsOf((await load(dataDir, { imagesPerClass: 10, ...options })).dataset).map(valuesOf);
    const first = await drawn();
    expect(first.map(({ length }) => length)).toEqual([14, 4, 2]);
    expect(await drawn({ seed: 2 })).not.toEqual(first);
    const list = (await readFile(join(dataDir, 'train.csv'), 'utf8')).split('\n20,'); // no such category
    expect(list).toHaveLength(1);
    const [header, ...rows] = list[0].split(/\n(?=\d+,)/);
    await writeFile(
      join(dataDir, 'train.csv'),
      [header, ...rows.map((row) => row.trim()).toReversed()].join('\n'),
    );
    expect(await drawn()).toEqual(first);
    // A class is drawn alike, whichever others there are.
    const alone = iwildcamLoader({ classes: ['raccoon', 'coyote'], imagesPerClass: 10 });
    const swapped = (await load(dataDir, {}, alone)).dataset;
    expect(indicesOf(swapped.test, 0)).not.toEqual([]);
    expect(partsOf(swapped).map((set) => valuesOf(set).toSorted())).toEqual(
      first.map((part) => part.toSorted()),
    );
  });

  it('shrinks a photo without keeping its proportions, and weighs its colours', async () => {
    const rows = [0, 1, 2].flatMap((i) => [rowOf(11, `c-${i}`), rowOf(13, `r-${i}`)]);
    await writeIn(here(), 'train.csv', csvOf(rows));
    const images = join(here(), 'train_images');
    for (const i of [0, 1, 2]) {
      // Of other heights, so that no photo is a copy of another.
      await writeIn(images, `c-${i}.jpg`, await photo(gray(0), gray(255), { width: 1024, height: 747 + i }));
      await writeIn(
        images,
        `r-${i}.jpg`,
        await photo([200, 60, 20], undefined, { width: 40, height: 200 + i }),
      );
    }
    const { train } = (await load(here(), { imagesPerClass: 3 })).dataset;
    for (let i = 0; i < SIZE; i++) {
      if (i % 32 < 15) expect(train.pixels[i]).toBeLessThan(3);
      if (i % 32 > 16) expect(train.pixels[i]).toBeGreaterThan(252);
    }
    // Relative luminance of sRGB: linearise, weigh, and back.
    const linear = (value: number) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const y = 0.2126 * linear(200) + 0.7152 * linear(60) + 0.0722 * linear(20);
    const expected = 255 * (1.055 * y ** (1 / 2.4) - 0.055);
    for (const value of train.pixels.subarray(SIZE, 2 * SIZE))
      expect(Math.abs(value - expected)).toBeLessThan(4);
  });

  it('reads a COCO list too', async () => {
    const dataDir = await writeWild(here());
    const ids = [...Array(20).keys()].flatMap((i) => [`coyote-${i}`, `raccoon-${i}`]);
    const list = {
      images: ids.map((id) => ({ id, file_name: `${id}.jpg`, seq_id: id, location: 1 })),
      categories: [
        { id: 1, name: 'raccoon' },
        { id: 9, name: 'coyote' },
        { id: 5, name: 'cat' },
      ],
      annotations: [
        ...ids.map((id) => ({ image_id: id, category_id: id.startsWith('r') ? 1 : 9 })),
        { image_id: 'coyote-3', category_id: 5 },
      ],
    };
    const csv = (await load(dataDir, { imagesPerClass: 19 })).dataset;
    await rm(join(dataDir, 'train.csv'));
    await rename(join(dataDir, 'train_images'), join(dataDir, 'cct_images'));
    await writeFile(join(dataDir, 'caltech_images_20210113.json'), JSON.stringify(list));
    const { dataset } = await load(dataDir, { imagesPerClass: 19 });
    expect(partsOf(dataset).map(countOf)).toEqual(partsOf(csv).map(countOf));
    expect(partsOf(dataset).flatMap((set) => indicesOf(set, 0))).not.toContain(3);
    expect(dataset.notes.join(' ')).toContain('1 image whose annotations name two classes is left out');
  });

  it('can be made small for tests of others', async () => {
    await writeMadeIwildcam(here());
    const { dataset } = await load(here(), { imagesPerClass: 10 }, iwildcam);
    expect(partsOf(dataset).map(countOf)).toEqual([70, 20, 10]);
    // As large as asked for, or not at all.
    expect(await failureOf(load(here(), {}, iwildcam))).toMatch(
      /Not every class has 1000 images[^]*12 of deer, 12 of squirrel[^]*imagesPerClass/,
    );
  });
});

describe('missing and broken photos', () => {
  /** 100 wanted of 110, half of each class; the draw of seed 1 meets the damaged ones. */
  const many = iwildcamLoader({ classes: ['coyote', 'raccoon'], imagesPerClass: 50 });

  async function withDamage(damage: (images: string, drawn: readonly string[]) => Promise<void>) {
    const dataDir = await writeWild(here(), { perClass: 55 });
    const { dataset } = await load(dataDir, {}, many);
    const indices = new Set(partsOf(dataset).flatMap((set) => indicesOf(set, 0)));
    const drawn = [...indices].filter((i) => i < 45).map((i) => `coyote-${i}.jpg`);
    await damage(join(dataDir, 'train_images'), drawn);
    return { dataDir, drawn, whole: dataset };
  }

  it('are skipped, counted and listed, and others drawn in their place', async () => {
    const { dataDir, drawn, whole } = await withDamage(async (images, [first, second]) => {
      await rm(join(images, first));
      const good = await readFile(join(images, second));
      await writeFile(join(images, second), good.subarray(0, good.length / 2));
    });
    const { dataset } = await load(dataDir, {}, many);
    expect(partsOf(dataset).map(countOf)).toEqual([70, 20, 10]);
    const skipped = [...(dataset.skipped ?? [])].sort((a, b) => (a.reason > b.reason ? -1 : 1));
    expect(skipped).toEqual([
      { image: drawn[0], reason: 'missing' },
      { image: drawn[1], reason: expect.stringMatching(/cannot be decoded/) as string },
    ]);
    expect(dataset.notes.join(' ')).toContain('2 images were skipped: ');
    expect(dataset.notes.join(' ')).toContain(`${drawn[0]} (missing)`);
    expect(dataset.checksum).not.toBe(whole.checksum);
    const used = partsOf(dataset).flatMap((set) => indicesOf(set, 0));
    for (const name of drawn.slice(0, 2)) expect(used.map((i) => `coyote-${i}.jpg`)).not.toContain(name);
    expect(new Set(used).size).toBe(50);
  });

  it('are replaced as long as there are others, whatever they are instead of photos', async () => {
    const { dataDir, drawn } = await withDamage(async (images, names) => {
      await rm(join(images, names[0]));
      await writeFile(join(images, names[1]), '<html>');
      await writeFile(join(images, names[2]), '');
      await writeFile(
        join(images, names[3]),
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      );
      await writeFile(join(images, names[4]), 'GIF89a');
    });
    const { dataset } = await load(dataDir, {}, many);
    expect(partsOf(dataset).map(countOf)).toEqual([70, 20, 10]);
    expect(Object.fromEntries(dataset.skipped!.map(({ image, reason }) => [image, reason]))).toEqual({
      [drawn[0]]: 'missing',
      [drawn[1]]: 'A picture is a web page.',
      [drawn[2]]: 'A picture is an empty file.',
      [drawn[3]]: 'A picture is an SVG.',
      [drawn[4]]: 'A picture is a GIF.',
    });
  });

  it('are named where the folder has them under another spelling', async () => {
    const dataDir = await writeWild(here(), { perClass: 5 });
    const images = join(dataDir, 'train_images');
    const few = (imagesPerClass: number) =>
      iwildcamLoader({ classes: ['coyote', 'raccoon'], imagesPerClass });
    const names = ['coyote-0.JPG', 'Coyote-1.jpg', 'coyote-2.jpeg', 'coyote-3'];
    for (const [i, name] of names.entries())
      await rename(join(images, `coyote-${i}.jpg`), join(images, name));
    const failure = await failureOf(load(dataDir, {}, few(5)));
    for (const [i, name] of names.entries())
      expect(failure).toContain(`coyote-${i}.jpg (missing; ${name} is there)`);
    expect(failure).toMatch(/do: .*as they are in the folder \(4 files are there under another spelling\)/);

    for (const [i, name] of names.slice(1).entries())
      await rename(join(images, name), join(images, `coyote-${i + 1}.jpg`));
    expect(await failureOf(load(dataDir, {}, few(5)))).toContain('(1 file is there under another spelling)');
    const { dataset } = await load(dataDir, { seed: 5 }, few(4));
    expect(dataset.notes.join(' ')).toContain(
      '1 image was skipped: coyote-0.jpg (missing; coyote-0.JPG is there).',
    );
  });

  it('and copies: one photo under two names is used once, with the class of the first', async () => {
    const { dataDir, drawn } = await withDamage(async (images, [first, second]) => {
      await writeFile(join(images, second), await readFile(join(images, first)));
      await writeFile(join(images, 'raccoon-0.jpg'), await readFile(join(images, first)));
    });
    const { dataset } = await load(dataDir, {}, many);
    expect(partsOf(dataset).map(countOf)).toEqual([70, 20, 10]);
    const pictures = partsOf(dataset).flatMap(({ pixels, labels }) =>
      [...labels.keys()].map((i) => Buffer.from(pixels.subarray(i * SIZE, (i + 1) * SIZE)).toString('hex')),
    );
    expect(new Set(pictures).size).toBe(100);
    const reasons = dataset.skipped!.map(({ reason }) => reason).join('\n');
    expect(reasons).toMatch(/^the same photo as coyote-\d+\.jpg/);
    expect(dataset.skipped!.some(({ image }) => drawn.slice(0, 2).includes(image))).toBe(true);
  });

  it('that leave a class short are an error', async () => {
    const dataDir = await writeWild(here(), { perClass: 50 });
    await rm(join(dataDir, 'train_images', 'raccoon-7.jpg'));
    expect(await failureOf(load(dataDir, {}, many))).toMatch(
      /raccoon has fewer than 50 images that can be used[^]*raccoon-7\.jpg \(missing\)/,
    );
  });

  it('are those with more pixels than a camera has, without decoding them', async () => {
    const dataDir = await writeWild(here(), { perClass: 55 });
    // A header that says 60,000 × 60,000.
    const bytes = await photo(gray(9));
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    bytes.writeUInt16BE(60_000, frame + 5);
    bytes.writeUInt16BE(60_000, frame + 7);
    const drawn = (await load(dataDir, {}, many)).dataset;
    const index = partsOf(drawn).flatMap((set) => indicesOf(set, 0))[0];
    await writeFile(join(dataDir, 'train_images', `coyote-${index}.jpg`), bytes);
    const { skipped } = (await load(dataDir, {}, many)).dataset;
    expect(skipped).toEqual([
      { image: `coyote-${index}.jpg`, reason: expect.stringMatching(/exceeds pixel limit/) as string },
    ]);
  });
});

describe('a photo that its camera stored on its side', () => {
  it.each([
    [3, 180],
    [6, 270],
    [8, 90],
  ])('is turned upright (EXIF orientation %i)', async (orientation, turn) => {
    const few = iwildcamLoader({ classes: ['coyote', 'raccoon'], imagesPerClass: 3 });
    const load3 = async (name: string, store: (upright: Buffer) => Promise<Buffer>) => {
      const dataDir = await writeWild(join(machine.root, name), { perClass: 3 });
      for (const file of await readdir(join(dataDir, 'train_images'))) {
        const value = 10 * (Number(/\d/.exec(file)![0]) + 1) + (file.startsWith('raccoon') ? 60 : 0);
        // Left half and right half differ, so that each turn shows.
        const upright = await photo(gray(value), gray(value + 100));
        await writeFile(join(dataDir, 'train_images', file), await store(upright));
      }
      return (await few.load({ seed: 1, dataDir, offline: true })).train.pixels;
    };
    const upright = await load3('upright', async (bytes) => bytes);
    const turned = await load3('turned', (bytes) =>
      sharp(bytes).rotate(turn).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer(),
    );
    const differences = upright.map((value, i) => Math.abs(value - turned[i]));
    // JPEG's rounding, along the edge between the halves and elsewhere.
    expect(Math.max(...differences)).toBeLessThan(30);
    expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(2);
  });
});

describe('the decoded photos', () => {
  const folder = () => join(machine.cache, 'iwildcam', 'decoded');

  it('are kept for every way to split them; another seed or number is decoded on its own', async () => {
    const dataDir = await writeWild(here());
    const first = await load(dataDir);
    expect(first.decoded).toBe(40);
    const again = await load(dataDir);
    expect(again.decoded).toBe(0);
    expect(again.dataset).toEqual(first.dataset);
    expect((await load(dataDir, { splitBy: 'sequence' })).decoded).toBe(0);
    expect((await load(dataDir, { imagesPerClass: 5 })).decoded).toBe(10);
    expect((await load(dataDir, { seed: 2 })).decoded).toBe(40);
    expect((await load(dataDir)).decoded).toBe(0);
    expect(await readdir(folder())).toHaveLength(3);
  });

  it('are decoded again if the cache is damaged, the list or a photo has changed', async () => {
    const dataDir = await writeWild(here());
    const { dataset } = await load(dataDir);
    const [name] = await readdir(folder());
    const file = join(folder(), name);
    const bytes = await readFile(file);
    bytes[bytes.length - 5] ^= 4;
    await writeFile(file, bytes);
    const mended = await load(dataDir);
    expect([mended.decoded, mended.dataset.checksum]).toEqual([40, dataset.checksum]);
    expect(mended.dataset).toEqual(dataset);
    expect((await load(dataDir)).decoded).toBe(0);

    // Equally long and equally old would pass for the same: each alone does not.
    const one = join(dataDir, 'train_images', 'coyote-3.jpg');
    const { mtime } = await stat(one);
    await writeFile(one, await photo([250, 20, 20]));
    await utimes(one, mtime, mtime);
    const changed = await load(dataDir);
    expect(changed.decoded).toBe(40);
    expect(changed.dataset.checksum).not.toBe(dataset.checksum);
    await utimes(one, new Date(0), new Date(0));
    const touched = await load(dataDir);
    expect([touched.decoded, touched.dataset.checksum]).toEqual([40, changed.dataset.checksum]);

    await writeFile(join(dataDir, 'train.csv'), `${await readFile(join(dataDir, 'train.csv'), 'utf8')}\n`);
    expect((await load(dataDir)).decoded).toBe(40);
  });
});

describe('splitBy', () => {
  /** Bursts of four frames; cameras of eight images. */
  const inBursts = () =>
    writeWild(here(), {
      row: (category, name, i) =>
        rowOf(category, name, { seq_id: `${category}-${Math.floor(i / 4)}`, location: Math.floor(i / 8) }),
    });

  it.each([
    ['sequence', (label: number, i: number) => `${label}-${Math.floor(i / 4)}`],
    ['location', (_: number, i: number) => `${Math.floor(i / 8)}`],
  ] as const)(
    '%s: none lies in two parts, every class in each, and the dataset says so',
    async (splitBy, groupOf) => {
      const { dataset } = await load(await inBursts(), { splitBy });
      const parts = partsOf(dataset);
      const groups = parts.map(
        (set) => new Set([0, 1].flatMap((label) => indicesOf(set, label).map((i) => groupOf(label, i)))),
      );
      expect(new Set(groups.flatMap((set) => [...set])).size).toBe(
        groups.reduce((sum, { size }) => sum + size, 0),
      );
      for (const set of parts) expect(new Set(set.labels)).toEqual(new Set([0, 1]));
      expect(parts.reduce((sum, set) => sum + countOf(set), 0)).toBe(40);
      expect(dataset.label).toBe(`iWildCam (split by ${splitBy})`);
      expect(dataset.notes.join(' ')).toContain(
        `Split by ${splitBy}: all images of one ${splitBy} lie in one part`,
      );
    },
  );

  it('image: bursts do lie in two parts', async () => {
    const { dataset } = await load(await inBursts());
    const bursts = partsOf(dataset).map((set) => new Set(indicesOf(set, 0).map((i) => Math.floor(i / 4))));
    expect(bursts.reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(5);
  });

  it('says which class is in which part missing where there are too few cameras', async () => {
    const dataDir = await writeWild(here(), {
      row: (category, name, i) => rowOf(category, name, { location: category === 11 ? 'one' : i % 3 }),
    });
    const { dataset } = await load(dataDir, { splitBy: 'location' });
    expect(dataset.notes.join(' ')).toMatch(/Too few locations .*: no coyote in \w+, no coyote in \w+\./);
    const two = iwildcamLoader({ label: 'W (2)', classes: ['coyote', 'raccoon'], imagesPerClass: 20 });
    expect((await load(dataDir, { splitBy: 'location' }, two)).dataset.label).toBe(
      'W (2, split by location)',
    );
  });

  it('is refused without the column, with too few groups, or for what is none', async () => {
    const noSequence = await writeWild(join(machine.root, 'a'), {
      row: (category, name, i) => rowOf(category, name, { seq_id: i === 7 ? '' : 'x' }),
    });
    expect(await failureOf(load(noSequence, { splitBy: 'sequence' }))).toMatch(
      /2 of 40 images have no sequence, such as \w+-7\.jpg[^]*train\.csv[^]*a seq_id for every image/,
    );
    expect(await failureOf(load(noSequence, { splitBy: 'location' }))).toMatch(/form only 1 group\./);
    expect(await failureOf(load(noSequence, { splitBy: 'hour' as 'image' }))).toMatch(
      /Split by hour[^]*image, sequence, location/,
    );
  });
});

describe('iWildCam that is not there, or not asked for rightly', () => {
  it('is never downloaded: the error says what to get and where to put it', async () => {
    const failing = iwildcam.load({ seed: 1 });
    await expect(failing).rejects.toThrow(NotFoundError);
    const failure = await failureOf(failing);
    for (const word of ['never downloaded', 'train.csv', 'kaggle.com', 'lila.science', 'WEIGHTMAP_DATA'])
      expect(failure).toContain(word);
    expect(failure).toContain(join(machine.cache, 'iwildcam'));
    const { found, advice } = await iwildcam.locate({});
    expect(found).toBeNull();
    expect(advice).toContain('never downloaded');
  });

  it('is named where the folder of photos is missing', async () => {
    await writeIn(here(), 'train.csv', csvOf([]));
    expect(await failureOf(load(here()))).toContain(
      'lacks the folder train_images that belongs to train.csv',
    );
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a list under another name',
      ['wcs_camera_traps.json', 'images/a.jpg'],
      /but wcs_camera_traps\.json[^]*caltech_images_….json, iwildcam….json, annotations.json or train.json[^]*rename it to annotations\.json/,
    ],
    [
      'images in a folder of another name',
      ['iwildcam2021_train_annotations.json', 'train/a.jpg'],
      /lacks the folder train_images that belongs to iwildcam2021_train_annotations\.json \(or cct_images or images\); train is there: rename/,
    ],
    ['a packed list', ['train.csv.zip', 'train_images/a.jpg'], /packed list, train\.csv\.zip[^]*unpack/],
    [
      'packed images',
      ['train.csv', 'train_images.zip'],
      /train_images\.zip is there: unpack the images into train_images/,
    ],
  ])('is named with %s', async (_, files, words) => {
    for (const file of files) await writeIn(here(), file, 'x');
    expect(await failureOf(load(here()))).toMatch(words);
  });

  it.each<[Partial<DatasetOptions>, string]>([
    [{ seed: 0.5 }, 'The seed is 0.5'],
    [{ imagesPerClass: 2 }, 'at least 3'],
    [{ imagesPerClass: 4.5 }, 'at least 3'],
    [{ validationFraction: 0.2 }, '70/20/10'],
  ])('refuses %j', async (options, words) => {
    expect(await failureOf(load(await writeWild(here(), { perClass: 3 }), options))).toContain(words);
  });

  it('refuses classes that are none', () => {
    expect(() => iwildcamLoader({ classes: ['cat'] })).toThrow('The classes are cat.');
    expect(() => iwildcamLoader({ classes: ['cat', 'cat'] })).toThrow('The classes are cat, cat.');
  });
});
