import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { imagesOf } from '../../../../packages/datasets/src/_cifar10-batches.js';
import { readPictures } from '../../../../packages/datasets/src/_cifar10-pictures.js';
import { readClassArchive } from '../../../../packages/datasets/src/_class-folders.js';
import { readCocoJson } from '../../../../packages/datasets/src/_coco-json.js';
import { decodeImage } from '../../../../packages/datasets/src/_decode-image.js';
import { readMaybeGzip } from '../../../../packages/datasets/src/_gzip.js';
import { idxLength, parseIdx, type IdxArray } from '../../../../packages/datasets/src/_idx.js';
import { readKaggleCsv } from '../../../../packages/datasets/src/_iwildcam-csv.js';
import { readTar } from '../../../../packages/datasets/src/_tar.js';
import type { WildList } from '../../../../packages/datasets/src/_wild-images.js';
import type { ImageSpec } from '@weightmap/core';
import sharp from 'sharp';
import { wholeJson } from '../mutate.js';
import { plainCoco, plainCsv, plainIdx } from '../plain-readers.js';
import { target, type Target } from '../target.js';
import { gzipped, tarOf } from './_archives.js';

const SOURCE = 'packages/datasets/src';
const CLASSES = ['coyote', 'raccoon'] as const;

const idx = (dimensions: readonly number[], type = 8): Buffer => {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.set([0, 0, type, dimensions.length]);
  dimensions.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i));
  const count = dimensions.reduce((product, size) => product * size, 1);
  return Buffer.concat([header, Buffer.from(Array.from({ length: count }, (_, i) => (i * 37) % 256))]);
};

function checkIdx({ shape, data }: IdxArray, bytes: Buffer): string | null {
  const plain = plainIdx(bytes);
  if (plain === null) return 'accepted what the plain reader refuses';
  if (plain.shape.join() !== shape.join()) return `shape ${shape.join()}, not ${plain.shape.join()}`;
  return Buffer.compare(data, plain.data) === 0 ? null : 'other elements than the plain reader';
}

/** A parser of bytes as one of a file, which is written first. */
const ofFile =
  <Value>(name: string, parse: (file: string) => Promise<Value>) =>
  async (folder: string) => {
    const file = path.join(folder, name);
    return async (bytes: Buffer): Promise<Value> => {
      await writeFile(file, bytes);
      return parse(file);
    };
  };

const PICTURE = { height: 6, width: 8, channels: 3 } as const;
const picture = (format: 'png' | 'jpeg', channels: 1 | 3 | 4 = 3) =>
  sharp(Buffer.from(Array.from({ length: 48 * channels }, (_, i) => (i * 53) % 256)), {
    raw: { width: 8, height: 6, channels },
  })
    .toFormat(format)
    .toBuffer();
const withExif = async (orientation: number) =>
  sharp(await picture('jpeg'))
    .withMetadata({ orientation })
    .toBuffer();

const wrongPixels = (pixels: Uint8Array, size: number): string | null =>
  pixels.length === size ? null : `${pixels.length} bytes of pixels, not ${size}`;

const SPEC: ImageSpec = { ...PICTURE, classes: ['cat', 'dog'] };

const pictureArchive = async (): Promise<Buffer> => {
  const png = await picture('png');
  const jpeg = await picture('jpeg');
  return tarOf([
    { path: 'set/', type: '5' },
    { path: 'set/train/cat/1.png', bytes: png },
    { path: 'set/train/dog/1.jpg', bytes: jpeg },
    { path: 'set/test/cat/1.png', bytes: png },
    { path: 'set/test/dog/1.png', bytes: png },
  ]);
};

/** The signature of a file of decoded images: SHA-256 over all after its first line. */
function signDecoded(bytes: Buffer): Buffer | null {
  const end = bytes.indexOf('\n');
  if (end < 0) return null;
  const rest = bytes.subarray(end + 1);
  // The digest is over pieces, each by its length: as `sha256` of the package.
  const first = bytes.toString('utf8', 0, end);
  const format = /^{"format":"([^"]*)"/.exec(first)?.[1];
  if (format === undefined) return null;
  const digest = createHash('sha256').update(rest).digest('hex');
  return Buffer.concat([Buffer.from(`${JSON.stringify({ format, sha256: digest })}\n`), rest]);
}

const wild = (list: WildList) => JSON.stringify(list.images);

const CSV = [
  'category_id,date_captured,file_name,frame_num,id,location,rights_holder,seq_id',
  '11,2011-05-13,a.jpg,1,a,7,"Someone, ""who""\nmade it",s1',
  '13.0,2011-05-13,b.jpg,1,b,8,Someone,',
  '0,,sub/c.jpg,1,c,,Someone,s2',
  '11,,d.jpg,1,d,7,Someone,s1',
  '',
].join('\n');

const COCO = {
  info: { year: 2019, list: [1, { a: [] }] },
  images: [
    { id: 'a', file_name: 'a.jpg', seq_id: 's1', location: 7, width: 64 },
    { id: 2, file_name: 'sub/b.jpg', seq_id: 's1', location: '7' },
    { id: 'c', file_name: 'c.jpg' },
    { id: 'd', file_name: 'c.jpg' },
  ],
  categories: [
    { id: 1, name: 'Coyote' },
    { id: '2', name: 'raccoon' },
    { id: 3, name: 'empty' },
  ],
  annotations: [
    { id: 1, image_id: 'a', category_id: 1 },
    { id: 2, image_id: 2, category_id: 2 },
    { id: 3, image_id: 'c', category_id: 1 },
    { id: 4, image_id: 'd', category_id: 3 },
    { id: 5, image_id: 'd', category_id: 3 },
  ],
};

export const datasetTargets: readonly Target[] = [
  target<IdxArray>({
    name: 'idx-images',
    covers: [`${SOURCE}/_idx.ts`],
    seeds: () => [idx([3, 4, 5]), idx([1, 4, 5])],
    open: async () => (bytes) => parseIdx(bytes, 'images', [4, 5]),
    check: checkIdx,
    checkRefusal(bytes) {
      const plain = plainIdx(bytes);
      return plain?.shape.length === 3 && plain.shape[1] === 4 && plain.shape[2] === 5
        ? 'refused what the plain reader accepts'
        : null;
    },
  }),
  target<IdxArray>({
    name: 'idx-labels',
    covers: [`${SOURCE}/_idx.ts`],
    seeds: () => [idx([7]), idx([300])],
    otherSeeds: () => [idx([5, 8], 12)],
    open: async () => (bytes) => parseIdx(bytes, 'labels', []),
    check: checkIdx,
  }),
  target<IdxArray>({
    name: 'idx-gzip',
    covers: [`${SOURCE}/_gzip.ts`, `${SOURCE}/_idx.ts`],
    seeds: () => [idx([3, 4, 5]), idx([200, 4, 5])],
    open: (folder) =>
      ofFile('images.gz', async (file) => {
        await writeFile(file, gzipSync(readFileSync(file), { level: 1 }));
        return parseIdx(await readMaybeGzip(file, idxLength), file, [4, 5]);
      })(folder),
    check: checkIdx,
  }),
  target<Uint8Array>({
    name: 'gzip',
    covers: [`${SOURCE}/_gzip.ts`],
    seeds: () => [
      gzipSync('some text, some text, some text'),
      gzipSync(idx([20, 4, 5])),
      gzipped('with a name and a comment', { name: 'a name', comment: 'a comment' }),
      Buffer.concat([gzipSync('one'), gzipSync('two')]),
      Buffer.from('not packed'),
    ],
    open: ofFile('file.gz', (file) =>
      readMaybeGzip(file, (start) => (start[0] === 0 ? idxLength(start) : null)),
    ),
    check(value, bytes) {
      const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
      const plain = isPacked ? gunzipSync(bytes) : bytes;
      return plain.equals(value) ? null : 'other bytes than zlib gives';
    },
    checkRefusal(bytes) {
      try {
        const plain = gunzipSync(bytes, { finishFlush: constants.Z_FINISH });
        return plain[0] === 0 ? null : 'refused what zlib unpacks';
      } catch {
        return null;
      }
    },
  }),
  target<ReturnType<typeof imagesOf>>({
    name: 'cifar-binary',
    covers: [`${SOURCE}/_cifar10-batches.ts`],
    weight: 0.4,
    seeds: () => [
      Buffer.from(Array.from({ length: 2 * 3073 }, (_, i) => (i % 3073 === 0 ? i / 3073 : i % 256))),
    ],
    async open() {
      const whole = Buffer.from(
        Array.from({ length: 2 * 3073 }, (_, i) => (i % 3073 === 0 ? i / 3073 : i % 251)),
      );
      const others = Array.from({ length: 5 }, (_, i) => ({ where: `batch ${i}`, bytes: whole }));
      return (bytes) =>
        imagesOf([{ where: 'changed', bytes }, ...others], { ...PICTURE, classes: ['cat', 'dog'] });
    },
    check({ pixels, labels }, bytes) {
      for (let record = 0; record < 2; record++) {
        if (labels[record] !== bytes[record * 3073]) return `label ${record} differs`;
        for (let place = 0; place < 1024; place++)
          for (let channel = 0; channel < 3; channel++)
            if (
              pixels[(record * 1024 + place) * 3 + channel] !==
              bytes[record * 3073 + 1 + channel * 1024 + place]
            )
              return `pixel ${place} of image ${record} differs`;
      }
      return wrongPixels(pixels, 12 * 3072);
    },
  }),
  target<Map<string, Buffer>>({
    name: 'tar',
    covers: [`${SOURCE}/_tar.ts`],
    seeds: () => {
      const plain = tarOf([
        { path: './folder/', type: '5' },
        { path: './folder/a.bin', bytes: Buffer.alloc(700, 7) },
        { path: 'b', bytes: Buffer.from('b') },
      ]);
      const long = tarOf([
        { path: '././@LongLink', type: 'L', bytes: Buffer.from(`${'long/'.repeat(30)}name\0`) },
        { path: 'cut', bytes: Buffer.from('of a long name') },
        { path: 'PaxHeaders/c', type: 'x', bytes: Buffer.from('30 path=of/a/pax/header/file\n\n') },
        { path: 'c', bytes: Buffer.from('c') },
      ]);
      return [plain, long, gzipSync(plain), gzipSync(long)];
    },
    open: ofFile('archive.tar', (file) =>
      readTar(file, { want: () => true, maxFileBytes: 2 ** 16, maxBytes: 2 ** 18 }),
    ),
    check(contents) {
      let total = 0;
      for (const [name, { length }] of contents) {
        if (/^[/\\]|^[a-z]:/i.test(name) || name.split(/[\\/]/).includes('..'))
          return `accepted the path ${name}`;
        if (length > 2 ** 16) return `accepted a file of ${length} bytes`;
        total += length;
      }
      return total > 2 ** 18 ? `accepted ${total} bytes` : null;
    },
  }),
  target<readonly { readonly label: number }[]>({
    name: 'picture-archive',
    covers: [`${SOURCE}/_class-folders.ts`],
    weight: 0.5,
    seeds: async () => [await pictureArchive(), gzipSync(await pictureArchive())],
    open: ofFile('pictures.tar', (file) => readClassArchive(file, SPEC)),
    check: (pictures) => {
      const strange = pictures.find(({ label }) => !(label in SPEC.classes));
      return strange ? `label ${strange.label}` : null;
    },
  }),
  target<WildList>({
    name: 'csv',
    covers: [`${SOURCE}/_iwildcam-csv.ts`, `${SOURCE}/_wild-images.ts`],
    isText: true,
    seeds: () => [
      Buffer.from(CSV),
      Buffer.from(`\ufeff${CSV.replaceAll('\n', '\r\n')}`),
      Buffer.from('id,file_name,category_id\na,a.jpg,11\nb,b.jpg,13\n'),
    ],
    open: ofFile('train.csv', (file) => readKaggleCsv(file, CLASSES)),
    check(list, bytes) {
      const plain = plainCsv(bytes, { 11: 0, 13: 1 });
      return wild(list) === JSON.stringify(plain)
        ? null
        : `other images than the plain reader: ${wild(list)}`;
    },
  }),
  target<WildList>({
    name: 'coco',
    covers: [
      `${SOURCE}/_coco-json.ts`,
      `${SOURCE}/_json-lists.ts`,
      `${SOURCE}/_json-forms.ts`,
      `${SOURCE}/_wild-images.ts`,
    ],
    json: wholeJson,
    seeds: () => [Buffer.from(JSON.stringify(COCO)), Buffer.from(JSON.stringify(COCO, null, 1))],
    open: ofFile('coco.json', (file) => readCocoJson(file, CLASSES)),
    check(list, bytes) {
      const plain = plainCoco(bytes, CLASSES);
      return plain === null || wild(list) === JSON.stringify(plain)
        ? null
        : `other images than JSON.parse gives: ${wild(list)}`;
    },
  }),
  ...(['shrunk', 'of one size'] as const).map((how) =>
    target<Uint8Array>({
      name: how === 'shrunk' ? 'photo' : 'picture',
      covers: [`${SOURCE}/_decode-image.ts`, `${SOURCE}/_draw-wild.ts`],
      weight: 0.3,
      seeds: async () => [
        await picture('png'),
        await picture('png', 1),
        await picture('png', 4),
        await picture('jpeg'),
        await withExif(3),
      ],
      otherSeeds: async () => [await withExif(6)],
      open: async () => (bytes) =>
        decodeImage(bytes, { ...PICTURE, maxPixels: 2 ** 16, resize: how === 'shrunk' }),
      check: (pixels) => wrongPixels(pixels, 6 * 8 * 3),
    }),
  ),
  target<Awaited<ReturnType<typeof readPictures>>>({
    name: 'decoded-cache',
    covers: [`${SOURCE}/_decoded-cache.ts`, `${SOURCE}/_cifar10-pictures.ts`],
    weight: 0.2,
    json: {
      read: (bytes) => bytes.toString('utf8', bytes.indexOf('\n') + 1).split('\n')[0],
      write(json, bytes) {
        const first = bytes.indexOf('\n') + 1;
        return Buffer.concat([
          bytes.subarray(0, first),
          Buffer.from(json),
          bytes.subarray(bytes.indexOf('\n', first)),
        ]);
      },
    },
    sign: signDecoded,
    async seeds() {
      const { folder, cached } = await decodedCache();
      await folder.remove();
      return [cached];
    },
    async open() {
      const { folder, file, archive, expected } = await decodedCache();
      return async (bytes) => {
        await writeFile(file, bytes);
        process.env.XDG_CACHE_HOME = folder.path;
        const read = await readPictures({ file: archive }, { id: 'fuzz', label: 'fuzz', spec: SPEC });
        return { ...read, pixels: read.pixels, expected } as never;
      };
    },
    // Either made anew from the archive, or as the file says: a file whose checksum is right is believed.
    check({ pixels, labels, train, ...rest }, bytes) {
      const { expected } = rest as unknown as { expected: Awaited<ReturnType<typeof readPictures>> };
      const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
      if (train === expected.train && same(pixels, expected.pixels) && same(labels, expected.labels))
        return null;
      const lineAt = bytes.indexOf('\n') + 1;
      const pixelsAt = bytes.indexOf('\n', lineAt) + 1;
      const about = JSON.parse(bytes.toString('utf8', lineAt, pixelsAt)) as { images: number; train: number };
      if (signDecoded(bytes)?.equals(bytes) !== true) return 'accepted a file whose checksum is wrong';
      if (train !== about.train) return `train is ${train}, in the file ${about.train}`;
      if (train < 1 || train >= labels.length) return `train is ${train} of ${labels.length} images`;
      if (labels.length !== about.images) return `${labels.length} labels, in the file ${about.images}`;
      if (!labels.every((label) => label in SPEC.classes)) return `labels ${labels.join()}`;
      return same(Buffer.concat([pixels, labels]), bytes.subarray(pixelsAt))
        ? null
        : 'other pixels than the file';
    },
  }),
];

/** A folder of a cache with the decoded images of an archive. */
async function decodedCache() {
  const { mkdtemp, readdir, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const place = await mkdtemp(path.join(tmpdir(), 'weightmap-fuzz-cache-'));
  const archive = path.join(place, 'pictures.tar');
  await writeFile(archive, await pictureArchive());
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = place;
  const expected = await readPictures({ file: archive }, { id: 'fuzz', label: 'fuzz', spec: SPEC });
  const entries = await readdir(place, { recursive: true });
  const file = path.join(
    place,
    entries.find((name) => name.endsWith('.images'))!,
  );
  const cached = readFileSync(file);
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  const remove = () => rm(place, { recursive: true, force: true });
  return { folder: { path: place, remove }, file, archive, cached, expected };
}
