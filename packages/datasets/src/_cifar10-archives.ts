import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formOfArchivedPath } from './_cifar10-others.js';
import type { OtherForm } from './_locate.js';
import { firstPathsOf } from './_tar.js';

/** What an archive holds, by its content: the published files, another form of CIFAR-10, or neither (null). */
export type ArchiveContent = 'batches' | OtherForm | null;

const BATCH = /(^|\/)(data_batch_[1-5]|test_batch)\.bin$/;
const BATCH_META = /(^|\/)cifar-10-batches-bin\//;

/** Looks only at the first paths of an archive, and not into a ZIP. A file that cannot be read as a tar archive has no known content. */
export async function contentOfArchive(file: string): Promise<ArchiveContent> {
  if (/\.(zip|7z)$/i.test(file)) return { other: 'an archive that is not read here', fix: 'unpack it there' };
  const paths = await firstPathsOf(file);
  if (paths.some((path) => BATCH.test(path) || BATCH_META.test(path))) return 'batches';
  for (const path of paths) {
    const form = formOfArchivedPath(path);
    if (form) return form;
  }
  return null;
}

/** Archives in a folder whose names speak of CIFAR, in the order of their names. */
export async function archivesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^cifar.*\.(tar|tar\.gz|tgz|zip|7z)$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}
