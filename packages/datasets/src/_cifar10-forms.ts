import { basename, join } from 'node:path';
import type { ImageSpec } from '@weightmap/core';
import { archivesIn, contentOfArchive } from './_cifar10-archives.js';
import { otherFormIn } from './_cifar10-others.js';
import { lookForClassFolders } from './_class-folders.js';
import { lookForFiles, type FileNames, type Holding } from './_locate.js';

/** The published archive. */
export const ARCHIVE = 'cifar-10-binary.tar.gz';
/** The folder in it, and its files: five of training images, one of test images. */
export const BATCH_FOLDER = 'cifar-10-batches-bin';
export const BATCHES = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat('test_batch.bin');

/** The forms that the dataset is found in. */
export type Form =
  | { readonly form: 'batches'; readonly folder: string }
  /** Not as published: another name or another packing. Its checksum is not the published one. */
  | { readonly form: 'archive'; readonly file: string; readonly published: boolean }
  | { readonly form: 'pictures'; readonly source: { folder: string } | { file: string } };

/** What a complete folder holds, for errors. */
export const FORMS = `${BATCHES.join(', ')}; or ${ARCHIVE}; or train/ and test/ with a folder for every class`;

export const ARCHIVE_NAMES: FileNames<'file'> = { file: [ARCHIVE] };

const BATCH_NAMES: FileNames<string> = Object.fromEntries(BATCHES.map((name) => [name, [name]]));

const PICTURE_ARCHIVE_NAMES: FileNames<'file'> = {
  file: ['cifar10-jpeg', 'cifar10-png', 'cifar10'].flatMap((name) =>
    ['.tar.gz', '.tgz', '.tar'].map((ending) => name + ending),
  ),
};

/** The first form that a folder holds whole, the published ones before pictures; else what is there in part. */
export async function lookForCifar10(folder: string, spec: ImageSpec): Promise<Holding<Form>> {
  const inBatches = async (place: string) =>
    mapFound(await lookForFiles(place, BATCH_NAMES), (): Form => ({ form: 'batches', folder: place }));
  const looks: readonly (() => Promise<Holding<Form>>)[] = [
    () => inBatches(join(folder, BATCH_FOLDER)),
    () => inBatches(folder),
    async () =>
      mapFound(await lookForFiles(folder, ARCHIVE_NAMES), ({ file }): Form => ({
        form: 'archive',
        file,
        published: true,
      })),
    async () =>
      mapFound(await lookForClassFolders(folder, spec), (source): Form => ({ form: 'pictures', source })),
    async () => {
      const holding = await lookForFiles(folder, PICTURE_ARCHIVE_NAMES);
      if (holding === null || !('found' in holding)) return holding;
      return (await byContent(holding.found.file)) ?? { found: { form: 'pictures', source: holding.found } };
    },
    async () => {
      let other: Holding<Form> = null;
      for (const file of await archivesIn(folder)) {
        const holding = await byContent(file);
        if (holding && 'found' in holding) return holding;
        other ??= holding;
      }
      return other;
    },
  ];
  let partial: Holding<Form> = null;
  for (const look of looks) {
    const holding = await look();
    if (holding && 'found' in holding) return holding;
    partial ??= holding;
  }
  return (await otherFormIn(folder)) ?? partial;
}

/** An archive of the published files under any name, or another published form of CIFAR-10; null for anything else. */
async function byContent(file: string): Promise<Holding<Form>> {
  const content = await contentOfArchive(file);
  if (content === 'batches') return { found: { form: 'archive', file, published: false } };
  return content && { ...content, other: `${content.other} (${basename(file)})` };
}

const mapFound = <A, B>(holding: Holding<A>, to: (found: A) => B): Holding<B> =>
  holding && 'found' in holding ? { found: to(holding.found) } : holding;
