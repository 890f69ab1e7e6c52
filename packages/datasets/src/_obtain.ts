import { join } from 'node:path';
import { NotFoundError, type DatasetOptions } from '@weightmap/core';
import { download } from './_download.js';
import { cacheFolder, missingOf, searchFiles, type FileNames } from './_locate.js';

export interface Remote<Key extends string> {
  id: string;
  /** What messages call the dataset. */
  label: string;
  names: FileNames<Key>;
  /** Folders that the files may be in, below a place for data; default: `<id>`. */
  folders?: readonly string[];
  /** What a file is called on the mirrors and in the cache. */
  remoteName: (key: Key) => string;
  /** Base URLs, each ending in a slash; none forbids downloads. */
  mirrors: readonly string[];
  /** Throws if a file's content is not the right one. */
  verify: (file: string, key: Key) => Promise<void>;
  /** How to get the files without this program. */
  byHand: string;
  /** Milliseconds until a mirror answers. */
  connectTimeout?: number;
}

export interface Obtained<Key extends string> {
  readonly files: Record<Key, string>;
  /** Where the files lie and where they came from, for people. */
  readonly source: string;
  readonly notes: readonly string[];
}

/**
 * A dataset's files: found by `searchFiles`, else downloaded into the cache.
 *
 * @throws NotFoundError that says what is missing and where to put it.
 */
export async function obtainFiles<Key extends string>(
  remote: Omit<Remote<Key>, 'byHand'>,
  options: Pick<DatasetOptions, 'dataDir' | 'offline' | 'onProgress'>,
): Promise<Obtained<Key>> {
  const { id, folders, names } = remote;
  const { complete, cached, notes } = await searchFiles({ id, folders, names, dataDir: options.dataDir });
  if (complete) return { files: complete.files, source: complete.folder, notes };
  return fetchMissing({ ...remote, byHand: howToPut(id, names) }, cached, { ...options, notes });
}

/**
 * Downloads those of a dataset's files that the cache lacks.
 *
 * @param cached the files that it has.
 * @param notes of the search that found no complete set.
 * @throws NotFoundError that says what is missing and where to put it.
 */
export async function fetchMissing<Key extends string>(
  { id, label, names, remoteName, mirrors, verify, byHand, connectTimeout }: Remote<Key>,
  cached: Partial<Record<Key, string>>,
  {
    offline = false,
    onProgress,
    notes,
  }: Pick<DatasetOptions, 'offline' | 'onProgress'> & { notes: readonly string[] },
): Promise<Obtained<Key>> {
  const folder = cacheFolder(id);
  if (offline || mirrors.length === 0)
    throw new NotFoundError(
      `${label} is not on this machine${offline ? ', and downloads are forbidden' : ''}.`,
      {
        where: [`${folder} lacks ${missingOf(cached, names).join(', ')}`, ...notes].join('\n            '),
        fix: byHand,
      },
    );

  const files = { ...cached };
  const hosts = new Set<string>();
  for (const key of Object.keys(names) as Key[]) {
    if (files[key]) continue;
    const target = join(folder, remoteName(key));
    const url = await download({
      urls: mirrors.map((mirror) => new URL(remoteName(key), mirror).href),
      target,
      verify: (file) => verify(file, key),
      fix: byHand,
      connectTimeout,
      onProgress,
    });
    files[key] = target;
    hosts.add(new URL(url).host);
  }
  return {
    files: files as Record<Key, string>,
    source: `${folder}, downloaded from ${[...hosts].join(' and ')}`,
    notes,
  };
}

/** How to get files without this program. */
function howToPut<Key extends string>(id: string, names: FileNames<Key>): string {
  const list = missingOf({}, names).join(', ');
  return `put ${list} (plain or .gz) into ${cacheFolder(id)}, or name their folder by --data or WEIGHTMAP_DATA, or use the dataset digits, which this program draws`;
}
