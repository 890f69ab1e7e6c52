import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '@weightmap/core';

const CLASSES = 10;
const PLANE = 32 * 32;
const RECORD_BYTES = 1 + 3 * PLANE;

/**
 * Writes a small CIFAR-10 in its published form: `<folder>/cifar-10-batches-bin/` with the six files of records.
 *
 * The images are noise in a colour and with a bright stripe of their class, so that a network can learn them.
 *
 * @param testPerClass test images of each class; there are five times as many to learn from.
 * @returns the folder.
 */
export async function writeMadeCifar10(
  folder: string,
  { testPerClass = 4, seed = 1 }: { testPerClass?: number; seed?: number } = {},
): Promise<string> {
  const target = join(folder, 'cifar-10-batches-bin');
  await mkdir(target, { recursive: true });
  for (const name of [
    'data_batch_1',
    'data_batch_2',
    'data_batch_3',
    'data_batch_4',
    'data_batch_5',
    'test_batch',
  ])
    await writeFile(join(target, `${name}.bin`), madeBatch(testPerClass * CLASSES, seed, name));
  return folder;
}

function madeBatch(records: number, seed: number, name: string): Uint8Array {
  const random = randomStream(seed, 'made-cifar10', name);
  const bytes = new Uint8Array(records * RECORD_BYTES);
  for (let record = 0; record < records; record++) {
    const label = record % CLASSES;
    bytes[record * RECORD_BYTES] = label;
    for (let channel = 0; channel < 3; channel++)
      for (let i = 0; i < PLANE; i++) {
        const stripe = Math.floor(i / 32 / 3) === label ? 90 : 0;
        const colour = 25 * ((label + 3 * channel) % 4);
        bytes[record * RECORD_BYTES + 1 + channel * PLANE + i] = stripe + colour + random.integer(60);
      }
  }
  return bytes;
}
