import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

export const CLASSES = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];
export const BATCHES = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat('test_batch.bin');

/** A value that tells image, row, column and channel apart. */
export const valueAt = (image: number, y: number, x: number, channel: number): number =>
  (image * 37 + y * 5 + x * 3 + channel * 71) % 256;

/** Records written out as the published description has them: a label, then the R, G and B planes row by row. */
export function batchOf(labels: readonly number[], firstImage = 0): Buffer {
  return Buffer.from(
    labels.flatMap((label, i) => [
      label,
      ...[0, 1, 2].flatMap((channel) =>
        Array.from({ length: 1024 }, (_, p) => valueAt(firstImage + i, Math.floor(p / 32), p % 32, channel)),
      ),
    ]),
  );
}

const TEN = [...Array(10).keys()];

/** Ten records a file, one of each class: sixty images, numbered through. */
export const MADE_BATCHES: Readonly<Record<string, Buffer>> = Object.fromEntries(
  BATCHES.map((name, b) => [name, batchOf(b % 2 ? TEN : TEN.toReversed(), 10 * b)]),
);

export async function writeBatches(
  folder: string,
  replace: Readonly<Record<string, Uint8Array | null>> = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries({ ...MADE_BATCHES, ...replace }))
    if (bytes) await writeFile(join(folder, name), bytes);
  return folder;
}

/** A picture whose pixels are those of `valueAt`. */
export async function pictureOf(
  image: number,
  { format = 'png', side = 32 }: { format?: 'png' | 'jpeg'; side?: number } = {},
): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) =>
    valueAt(image, Math.floor(i / 3 / side), Math.floor(i / 3) % side, i % 3),
  );
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** Two pictures a class to learn from and one to test, by path: image number 3·class + 0, 1 and 2. */
export async function madePictures(ending: 'png' | 'jpg' = 'png'): Promise<Map<string, Buffer>> {
  const format = ending === 'png' ? 'png' : 'jpeg';
  const pictures = new Map<string, Buffer>();
  for (const [label, name] of CLASSES.entries())
    for (const [i, path] of [`train/${name}/0001`, `train/${name}/0002`, `test/${name}/0001`].entries())
      pictures.set(`${path}.${ending}`, await pictureOf(3 * label + i, { format }));
  return pictures;
}

export async function writePictures(
  folder: string,
  pictures: ReadonlyMap<string, Uint8Array>,
): Promise<string> {
  for (const [path, bytes] of pictures) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}
