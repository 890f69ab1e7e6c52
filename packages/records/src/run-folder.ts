import { mkdir, readFile, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { WeightmapError, messageOf } from '@weightmap/core';
import { readIfThere, writeWhole } from '@weightmap/core/files';
import { cellId } from './cell-id.js';
import { cellPaths } from './cell-paths.js';
import { checkRecord } from './_check.js';
import type { CellConfig, RunRecord } from './run-record.js';

/** A record and the folder that its pictures are relative to. */
export interface StoredRecord {
  /** As it was read and checked. */
  readonly record: RunRecord;
  /** Absolute, or relative as the run was. */
  readonly folder: string;
}

/** A file that could not be used, and why. */
export interface DamagedRecord {
  /** Relative to the run's folder, with `/`. */
  readonly file: string;
  /** For people. */
  readonly reason: string;
}

/** The records of a run, and the files that are not valid records. */
export interface RunRecords {
  /** In the order of their paths. */
  readonly records: readonly StoredRecord[];
  /** Files that are left out. */
  readonly damaged: readonly DamagedRecord[];
}

const LARGEST_RECORD = 16 * 2 ** 20;

/** The error of a command that is given a folder without a run. @param where the missing file or folder. */
export const missingRun = (run: string, where = run): WeightmapError =>
  new WeightmapError(`There is no run in "${run}".`, {
    where,
    expected: 'the folder of a run that `weightmap run` has started',
    fix: '`weightmap run quick` makes runs/quick',
  });

/**
 * Stores a finished cell: whole or not at all (temporary file, fsync, rename).
 *
 * @returns the path of the record.
 * @throws WeightmapError if the record breaks the schema or its cell id is not that of its cell.
 */
export async function writeRecord(run: string, record: RunRecord): Promise<string> {
  const { reason } = checkRecord(record);
  if (reason)
    throw new WeightmapError('This result is not a valid record; nothing was written.', { where: reason });
  const path = cellPaths(run, record.cell).record;
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, `${JSON.stringify(record, null, 2)}\n`);
  return path;
}

/**
 * Every record of a run. One that can't be used is named, with its reason, and skipped.
 *
 * Cells without a record are still running or were never started: they are neither. Symbolic links
 * that lead out of the run's folder are not followed.
 *
 * @throws WeightmapError if there is no such folder.
 */
export async function readRecords(run: string): Promise<RunRecords> {
  const root = await realpath(run).catch(() => {
    throw missingRun(run);
  });
  const records: StoredRecord[] = [];
  const damaged: DamagedRecord[] = [];
  for (const folder of await trialFolders(run)) {
    const path = join(folder, 'record.json');
    const file = relative(run, path).split(sep).join('/');
    try {
      const real = await realpath(path);
      if (!isInside(root, real)) throw new Error('a symbolic link that leaves the run');
      if ((await stat(real)).size > LARGEST_RECORD) throw new Error('larger than any record');
      const { record, reason } = checkRecord(parseJson(await readFile(real, 'utf8')));
      if (!record) throw new Error(reason);
      const place = cellPaths(run, record.cell).record;
      if (relative(place, path) !== '')
        throw new Error(`belongs to ${relative(run, place).split(sep).join('/')}: a copy in the wrong place`);
      records.push({ record, folder });
    } catch (error) {
      if (await isUnfinished(path, error)) continue;
      damaged.push({ file, reason: messageOf(error) });
    }
  }
  return { records, damaged };
}

/**
 * The record of one cell, if it has a valid one: of this very configuration.
 *
 * Anything else in its place, a damaged file or the record of another configuration, counts as none.
 */
export async function readCellRecord(run: string, cell: CellConfig): Promise<RunRecord | null> {
  const bytes = await readIfThere(cellPaths(run, cell).record);
  if (!bytes) return null;
  try {
    const { record } = checkRecord(JSON.parse(bytes.toString()));
    return record?.cellId === cellId(cell) ? record : null;
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`not JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether a path lies under a folder; both real paths. */
export const isInside = (folder: string, path: string): boolean => path.startsWith(folder + sep);

/** No record at all, as opposed to a link to nowhere. */
async function isUnfinished(path: string, error: unknown): Promise<boolean> {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
  return !(await readdir(dirname(path))).includes('record.json');
}

/** `cells/<dataset>/<variant>/trial-<n>`, sorted; only real folders and links that stay in the run. */
async function trialFolders(run: string): Promise<string[]> {
  const root = await realpath(run);
  let level = [join(run, 'cells')];
  for (let depth = 0; depth < 3; depth++) {
    const next = await Promise.all(level.map((folder) => foldersIn(folder, root)));
    level = next.flat();
  }
  return level.filter((folder) => /[\\/]trial-\d+$/.test(folder));
}

async function foldersIn(folder: string, root: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) {
      const real = await realpath(path).catch(() => null);
      if (real && isInside(root, real) && (await stat(real)).isDirectory()) found.push(path);
    } else if (entry.isDirectory()) found.push(path);
  }
  const byNumber = new Intl.Collator('en', { numeric: true });
  return found.sort((a, b) => byNumber.compare(a, b));
}
