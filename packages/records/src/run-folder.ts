import { statSync } from 'node:fs';
import { access, readdir, rename } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { WeightmapError, messageOf } from '@weightmap/core';
import { confine, writeWhole, writing } from '@weightmap/core/files';
import { cellId } from './cell-id.js';
import { cellPaths } from './cell-paths.js';
import { checkRecord } from './_check.js';
import { readRecordFile } from './_read-record.js';
import { contentDigest } from './content-digest.js';
import { readManifest } from './manifest.js';
import { missingRun } from './missing-run.js';
import type { CellConfig, RunRecord } from './run-record.js';

/** A record and the folder that its pictures are relative to. */
export interface StoredRecord {
  /** As it was read and checked. */
  readonly record: RunRecord;
  /** Absolute, or relative as the run was. */
  readonly folder: string;
  /**
   * The digest of the content, which was checked; absent from a record of an earlier version: a value of it that has changed
   * since is only noticed if it contradicts another one.
   */
  readonly sha256?: string;
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

/**
 * Stores a finished cell, with a digest of its content: whole or not at all (temporary file, fsync, rename). A file in its place
 * that is no valid record is kept as `record.damaged.json`.
 *
 * @returns the path of the record.
 * @throws WeightmapError if the record breaks the schema or contradicts its own cell.
 */
export async function writeRecord(run: string, record: RunRecord): Promise<string> {
  const { reason } = checkRecord(record);
  if (reason)
    throw new WeightmapError('This result is not a valid record; nothing was written.', { where: reason });
  const { record: path, damagedRecord } = cellPaths(run, record.cell);
  confine(run, cellPaths(run, record.cell).folder);
  const earlier = await readRecordFile(run, path).catch(() => null);
  if (earlier?.reason !== undefined) await writing(damagedRecord, () => rename(path, damagedRecord));
  const text = `${JSON.stringify({ ...record, sha256: contentDigest(record) }, null, 2)}\n`;
  await writeWhole(path, text, { within: run });
  return path;
}

/**
 * Every record of a run. One that can't be used is named, with its reason, and skipped: it isn't valid, or `grid.json` has
 * another configuration in its place.
 *
 * Cells without a record are still running or were never started: they are neither. Symbolic links
 * that lead out of the run's folder are not followed.
 *
 * @throws WeightmapError if there is no such folder.
 */
export async function readRecords(run: string): Promise<RunRecords> {
  await access(run).catch(() => {
    throw missingRun(run);
  });
  const planned = await plannedCells(run);
  const records: StoredRecord[] = [];
  const damaged: DamagedRecord[] = [];
  for (const folder of await trialFolders(run)) {
    const path = join(folder, 'record.json');
    const file = relative(run, path).split(sep).join('/');
    const read = await readRecordFile(run, path).catch((error: unknown) => ({ reason: messageOf(error) }));
    if (!read) continue;
    const wanted = planned.get(folder);
    if (read.reason !== undefined) damaged.push({ file, reason: read.reason });
    else if (wanted && wanted !== read.record.cellId)
      damaged.push({
        file,
        reason: 'the run’s list of cells (grid.json) has another configuration in its place',
      });
    else records.push({ ...read, folder });
  }
  return { records, damaged };
}

/** The ids of the cells of `grid.json`, by their folders; none without a list that can be used. */
async function plannedCells(run: string): Promise<Map<string, string>> {
  const { cells } = await readManifest(run).catch(() => ({ cells: [] }));
  return new Map(cells.map((cell) => [cellPaths(run, cell).folder, cellId(cell)]));
}

/** The file in the place of a cell's record. */
export type CellRecord =
  | {
      /** There is no file. */
      readonly state: 'none';
    }
  | {
      /** A valid record of this very configuration. */
      readonly state: 'valid';
      /** As it was read and checked. */
      readonly record: RunRecord;
    }
  | {
      /** A record of another configuration, or of another version of the schema. */
      readonly state: 'other';
      /** Of the cell that it belongs to. */
      readonly cellId: string;
    }
  | {
      /** No valid record: the cell has to be computed again. */
      readonly state: 'damaged';
      /** For people. */
      readonly reason: string;
    };

/**
 * Looks at the place of a cell's record, by the same rules as `readRecords`.
 *
 * @throws WeightmapError if the file can't be read.
 */
export async function cellRecord(run: string, cell: CellConfig): Promise<CellRecord> {
  const path = cellPaths(run, cell).record;
  const read = await readRecordFile(run, path).catch((error: unknown) => {
    throw new WeightmapError(`A record cannot be read: ${messageOf(error)}`, {
      where: path,
      fix: 'make the file readable',
    });
  });
  const id = cellId(cell);
  if (!read) return { state: 'none' };
  if (read.record)
    return read.record.cellId === id
      ? { state: 'valid', record: read.record }
      : { state: 'other', cellId: read.record.cellId };
  return read.owner !== undefined && read.owner !== id
    ? { state: 'other', cellId: read.owner }
    : { state: 'damaged', reason: read.reason };
}

/**
 * The record of one cell, if it has a valid one: of this very configuration.
 *
 * Anything else in its place, a damaged file or the record of another configuration, counts as none.
 *
 * @throws WeightmapError if the file can't be read.
 */
export async function readCellRecord(run: string, cell: CellConfig): Promise<RunRecord | null> {
  const found = await cellRecord(run, cell);
  return found.state === 'valid' ? found.record : null;
}

/** `cells/<dataset>/<variant>/trial-<n>`, sorted; only real folders and links that stay in the run. */
async function trialFolders(run: string): Promise<string[]> {
  let level = [join(run, 'cells')];
  for (let depth = 0; depth < 3; depth++) {
    const next = await Promise.all(level.map((folder) => foldersIn(folder, run)));
    level = next.flat();
  }
  return level.filter((folder) => /[\\/]trial-\d+$/.test(folder));
}

async function foldersIn(folder: string, run: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = entries
    .filter(
      (entry) => entry.isDirectory() || (entry.isSymbolicLink() && isFolderIn(run, join(folder, entry.name))),
    )
    .map(({ name }) => join(folder, name));
  const byNumber = new Intl.Collator('en', { numeric: true });
  return found.sort((a, b) => byNumber.compare(a, b));
}

/** Whether a link leads to a folder of the run. */
function isFolderIn(run: string, link: string): boolean {
  try {
    return statSync(confine(run, link)).isDirectory();
  } catch {
    return false;
  }
}
