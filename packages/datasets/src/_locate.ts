import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';

/** For each file of a dataset, by a key of the loader's, the names that it may go by. */
export type FileNames<Key extends string> = Readonly<Record<Key, readonly string[]>>;

export interface FileSearch<Key extends string> {
  /** The first folder that holds every file. */
  readonly complete: { readonly folder: string; readonly files: Record<Key, string> } | null;
  /** The cache's files, also if there are only some: a download fills it up. */
  readonly cached: Partial<Record<Key, string>>;
  /** Places passed over although they looked meant, for people. */
  readonly notes: readonly string[];
}

/** Where downloads are kept: `$XDG_CACHE_HOME/weightmap/datasets`, or the same below `~/.cache`. */
export function cacheRoot(): string {
  const xdg = process.env.XDG_CACHE_HOME;
  // The XDG specification has relative paths ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'weightmap', 'datasets');
}

/** Where a dataset's downloads are kept. */
export const cacheFolder = (id: string): string => join(cacheRoot(), id);

/**
 * Looks for a dataset's files in `dataDir`, `$WEIGHTMAP_DATA`, `data/` of the working directory and
 * the cache, in that order; in each in the folder `<id>/` and then in the place itself.
 *
 * A set counts as found where all its files lie in one folder.
 *
 * @throws WeightmapError if `dataDir` does not exist or holds only some of the files.
 */
export async function searchFiles<Key extends string>({
  id,
  names,
  dataDir,
}: {
  id: string;
  names: FileNames<Key>;
  dataDir?: string;
}): Promise<FileSearch<Key>> {
  const notes: string[] = [];
  const cached = await filesIn(cacheFolder(id), names);
  const result = (folder: string, files: Record<Key, string>) => ({
    complete: { folder, files },
    cached,
    notes,
  });

  for (const { root, origin } of places(dataDir)) {
    if ((await kindOf(root)) !== 'folder') {
      const what = `${origin} names ${root}, which is no folder`;
      if (origin === 'dataDir')
        throw new WeightmapError('The data folder does not exist.', {
          where: root,
          expected: `a folder that holds ${id}/ or its files`,
          fix: 'correct the path, or leave it out',
        });
      if (origin === 'WEIGHTMAP_DATA') notes.push(`${what}; passed over.`);
      continue;
    }
    const partial: string[] = [];
    for (const folder of [join(root, id), root]) {
      const files = await filesIn(folder, names);
      const missing = missingOf(files, names);
      if (missing.length === 0) return result(folder, files as Record<Key, string>);
      if (Object.keys(files).length > 0) partial.push(`${folder} lacks ${missing.join(', ')}`);
    }
    if (partial.length > 0 && origin === 'dataDir')
      throw new WeightmapError('The data folder holds only some of the files.', {
        where: partial.join('; '),
        expected: `${Object.keys(names).length} files, plain or .gz`,
        fix: 'add what is missing, or leave the data folder out',
      });
    if (partial.length > 0 && origin !== 'cache') notes.push(`${partial.join('; ')}; passed over.`);
    else if (origin === 'dataDir') notes.push(`${root} holds no ${id} files; looked elsewhere.`);
  }
  return { complete: null, cached, notes };
}

function places(dataDir: string | undefined) {
  const fromEnvironment = process.env.WEIGHTMAP_DATA;
  return [
    ...(dataDir !== undefined ? [{ origin: 'dataDir', root: resolve(dataDir) }] : []),
    ...(fromEnvironment ? [{ origin: 'WEIGHTMAP_DATA', root: resolve(fromEnvironment) }] : []),
    { origin: 'data', root: resolve('data') },
    { origin: 'cache', root: cacheRoot() },
  ] as const;
}

async function filesIn<Key extends string>(
  folder: string,
  names: FileNames<Key>,
): Promise<Partial<Record<Key, string>>> {
  const files: Partial<Record<Key, string>> = {};
  for (const key in names)
    for (const name of names[key])
      if ((await kindOf(join(folder, name))) === 'file') {
        files[key] = join(folder, name);
        break;
      }
  return files;
}

/** The first name of each file that is not there. */
export function missingOf<Key extends string>(
  files: Partial<Record<Key, string>>,
  names: FileNames<Key>,
): string[] {
  return (Object.keys(names) as Key[]).filter((key) => !files[key]).map((key) => names[key][0]);
}

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  try {
    const entry = await stat(path);
    return entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : null;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw new WeightmapError(
      `A place for data cannot be read: ${messageOf(error)}`,
      { where: path },
      { cause: error },
    );
  }
}
