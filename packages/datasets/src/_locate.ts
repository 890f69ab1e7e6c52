import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { messageOf, WeightmapError, type DatasetPlace } from '@weightmap/core';

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

/** A good dataset in a form that isn't read here, or another dataset. */
export interface OtherForm {
  /** Such as `the Python version of CIFAR-10`. */
  readonly other: string;
  readonly fix: string;
}

/** What a folder holds of a dataset: all that is needed, only some of it, another form of it, or nothing (null). */
export type Holding<Found> =
  { readonly found: Found } | { readonly lacks: readonly string[] } | OtherForm | null;

export interface PlaceSearch<Found> {
  /** The first folder that holds all that is needed. */
  readonly complete: { readonly folder: string; readonly found: Found } | null;
  /** Places passed over although they looked meant, for people. */
  readonly notes: readonly string[];
}

/**
 * Looks for a dataset in `dataDir`, `$WEIGHTMAP_DATA`, `data/` of the working directory and the
 * cache, in that order; in each in the folders of these names and then in the place itself.
 *
 * @param folders by default `<id>`.
 * @param needs what a complete folder holds, for an error.
 * @throws WeightmapError if `dataDir` does not exist or holds only some of what is needed.
 */
export async function searchPlaces<Found>({
  id,
  folders = [id],
  look,
  needs,
  dataDir,
}: {
  id: string;
  folders?: readonly string[];
  look: (folder: string) => Promise<Holding<Found>>;
  needs: string;
  dataDir?: string;
}): Promise<PlaceSearch<Found>> {
  const notes: string[] = [];
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
    for (const folder of [...folders.map((name) => join(root, name)), root]) {
      const holding = await look(folder);
      if (holding && 'found' in holding) return { complete: { folder, found: holding.found }, notes };
      if (holding && 'other' in holding) {
        if (origin === 'dataDir')
          throw new WeightmapError(`The data folder holds ${holding.other}.`, {
            where: folder,
            expected: needs,
            fix: holding.fix,
          });
        partial.push(`${folder} holds ${holding.other}: ${holding.fix}`);
      } else if (holding) partial.push(`${folder} lacks ${holding.lacks.join(', ')}`);
    }
    if (partial.length > 0 && origin === 'dataDir')
      throw new WeightmapError('The data folder holds only some of the files.', {
        where: partial.join('; '),
        expected: needs,
        fix: 'add what is missing, or leave the data folder out',
      });
    if (partial.length > 0 && origin !== 'cache') notes.push(`${partial.join('; ')}; passed over.`);
    else if (origin === 'dataDir') notes.push(`${root} holds no ${id} files; looked elsewhere.`);
  }
  return { complete: null, notes };
}

/**
 * Looks for a dataset's files by `searchPlaces`; a set counts as found where all its files lie in one folder.
 *
 * @throws WeightmapError if `dataDir` does not exist or holds only some of the files.
 */
export async function searchFiles<Key extends string>({
  id,
  folders,
  names,
  dataDir,
}: {
  id: string;
  folders?: readonly string[];
  names: FileNames<Key>;
  dataDir?: string;
}): Promise<FileSearch<Key>> {
  const { complete, notes } = await searchPlaces({
    id,
    folders,
    dataDir,
    look: (folder) => lookForFiles(folder, names),
    needs: `${Object.keys(names).length} files, plain or .gz`,
  });
  return {
    complete: complete && { folder: complete.folder, files: complete.found },
    cached: await filesIn(cacheFolder(id), names),
    notes,
  };
}

/** A set of files, complete where each is there by one of its names. */
export async function lookForFiles<Key extends string>(
  folder: string,
  names: FileNames<Key>,
): Promise<Holding<Record<Key, string>>> {
  const files = await filesIn(folder, names);
  const lacks = missingOf(files, names);
  if (lacks.length === 0) return { found: files as Record<Key, string> };
  return Object.keys(files).length > 0 ? { lacks } : null;
}

/**
 * What a loader's `locate` answers.
 *
 * @param otherwise what happens, or is to be done, if nothing is found.
 * @param downloads whether it is downloaded then.
 */
export async function placeOf(
  search: Promise<{ complete: { folder: string } | null; notes: readonly string[] }>,
  otherwise: string,
  downloads = false,
): Promise<DatasetPlace> {
  try {
    const { complete, notes } = await search;
    if (complete) return { found: complete.folder, advice: 'Nothing to do.' };
    return { found: null, advice: [...notes, otherwise].join(' '), ...(downloads && { downloads }) };
  } catch (error) {
    if (!(error instanceof WeightmapError)) throw error;
    const { where, fix } = error.details;
    return { found: null, advice: `${error.message} ${where}: ${fix}.` };
  }
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

/** Of a set of files, those that a folder has. */
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

export async function kindOf(path: string): Promise<'file' | 'folder' | null> {
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
