import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, WeightmapError, type ImageSpec } from '@weightmap/core';
import { sha256 } from './_checksum.js';
import { BATCH_FOLDER, BATCHES } from './_cifar10-forms.js';
import { formOfBatch } from './_cifar10-others.js';
import { counted } from './_counted.js';
import { readTar } from './_tar.js';

const PLANE = 32 * 32;
/** A label byte, then the red, the green and the blue plane, row by row. */
const RECORD_BYTES = 1 + 3 * PLANE;
/** Of each of the six published files. */
const PUBLISHED_RECORDS = 10_000;

/** One file of records. */
interface Batch {
  /** Named in errors. */
  readonly where: string;
  readonly bytes: Uint8Array;
}

export interface BatchSet {
  /** [count, 32, 32, 3] of all six files, the test images last. */
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  /** Images of the training files. */
  readonly train: number;
  /** Over the six contents. */
  readonly checksum: string;
}

/** The six files out of their folder. */
export async function readBatchFolder(folder: string, spec: ImageSpec): Promise<BatchSet> {
  const batches: Batch[] = [];
  for (const name of BATCHES) {
    const where = join(folder, name);
    const bytes = await readFile(where).catch((error: unknown) => {
      throw new WeightmapError(`A file cannot be read: ${messageOf(error)}`, { where }, { cause: error });
    });
    batches.push({ where, bytes });
  }
  return imagesOf(batches, spec);
}

/** The six files out of an archive, in a folder of any name or in none. The caller has checked a published one's checksum. */
export async function readBatchArchive(file: string, spec: ImageSpec): Promise<BatchSet> {
  const names = BATCHES.map((name) => `${BATCH_FOLDER}/${name}`);
  const contents = await readTar(file, {
    want: (path) => batchOf(path) !== null,
    maxFileBytes: PUBLISHED_RECORDS * RECORD_BYTES,
  });
  const found = new Map<string, Buffer>();
  for (const [path, bytes] of contents) {
    const name = `${BATCH_FOLDER}/${batchOf(path)!}`;
    if (found.has(name))
      throw new WeightmapError(`The archive holds ${batchOf(path)!} in two folders.`, {
        where: file,
        expected: names.join(', '),
        fix: 'unpack it, and name the folder that is meant',
      });
    found.set(name, bytes);
  }
  const lacks = names.filter((name) => !found.has(name));
  if (lacks.length > 0)
    throw new WeightmapError('The archive holds only some of the files.', {
      where: `${file} lacks ${lacks.join(', ')}`,
      expected: names.join(', '),
      fix: 'fetch it again',
    });
  return imagesOf(
    names.map((name) => ({ where: `${name} in ${file}`, bytes: found.get(name)! })),
    spec,
  );
}

/** The published name of a file at a path of an archive; null if it has none. */
const batchOf = (path: string): string | null => BATCHES.find((name) => basename(path) === name) ?? null;

/**
 * The images of the six files, planes [3, 32, 32] turned into [32, 32, 3].
 *
 * @throws WeightmapError if a file is no whole number of records, has another number than the first, or has a label that
 *   is no class; or if the classes have not equally many images in training or test.
 */
export function imagesOf(batches: readonly Batch[], { classes }: ImageSpec): BatchSet {
  for (const { where, bytes } of batches) {
    const form = formOfBatch(bytes);
    if (form)
      throw new WeightmapError(`This is ${form.other}.`, {
        where,
        expected: `records of ${RECORD_BYTES} bytes, as the binary version of CIFAR-10 has them`,
        fix: form.fix,
      });
  }
  const records = batches.map(recordsOf);
  const other = records.findIndex((count) => count !== records[0]);
  if (other >= 0)
    throw new WeightmapError(
      `The files hold different numbers of images: ${records[other]} and ${records[0]}.`,
      {
        where: `${batches[other].where} and ${batches[0].where}`,
        expected: `equally many, as published: ${PUBLISHED_RECORDS} each`,
        fix: 'fetch the files again',
      },
    );

  const count = records[0] * batches.length;
  const pixels = new Uint8Array(count * 3 * PLANE);
  const labels = new Uint8Array(count);
  for (const [b, { where, bytes }] of batches.entries())
    for (let record = 0; record < records[0]; record++) {
      const image = b * records[0] + record;
      const label = bytes[record * RECORD_BYTES];
      if (label >= classes.length)
        throw new WeightmapError(`Record ${record} has the label ${label}.`, {
          where,
          expected: `0 … ${classes.length - 1}`,
          fix: 'fetch it again',
        });
      labels[image] = label;
      for (let channel = 0; channel < 3; channel++) {
        const plane = record * RECORD_BYTES + 1 + channel * PLANE;
        for (let i = 0; i < PLANE; i++) pixels[(image * PLANE + i) * 3 + channel] = bytes[plane + i];
      }
    }
  const train = count - records[0];
  checkBalance(labels.subarray(0, train), 'training', classes, batches[0].where);
  checkBalance(labels.subarray(train), 'test', classes, batches.at(-1)!.where);
  return { pixels, labels, train, checksum: sha256(...batches.map(({ bytes }) => sha256(bytes))) };
}

function recordsOf({ where, bytes: { length } }: Batch): number {
  const records = Math.floor(length / RECORD_BYTES);
  const over = length % RECORD_BYTES;
  if (records === 0 || over > 0)
    throw new WeightmapError(
      `The file holds ${counted(length, 'byte', 'bytes')}: ${counted(records, 'record', 'records')} and ${counted(over, 'byte', 'bytes')} over.`,
      {
        where,
        expected: `records of ${RECORD_BYTES} bytes; the published file holds ${PUBLISHED_RECORDS} of them in ${PUBLISHED_RECORDS * RECORD_BYTES} bytes`,
        fix: 'fetch it again',
      },
    );
  return records;
}

/** The files have no published checksums; this tells a file that stands where another belongs. */
function checkBalance(labels: Uint8Array, part: string, classes: readonly string[], where: string): void {
  const counts = classes.map((_, label) => labels.filter((found) => found === label).length);
  if (counts.some((count) => count !== counts[0]))
    throw new WeightmapError(`The classes have not equally many ${part} images.`, {
      where: `${where}: ${classes.map((name, i) => `${counts[i]} of ${name}`).join(', ')}`,
      expected: `${labels.length / classes.length} of each`,
      fix: 'fetch the files again',
    });
}
