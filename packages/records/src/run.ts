import { readAttackedRun, type AttackedRun } from './attacked-run.js';
import { cellPaths } from './cell-paths.js';
import { readFailure, type Failure } from './failure.js';
import { readManifest } from './manifest.js';
import { readRecords, type RunRecords } from './run-folder.js';
import type { CellConfig } from './run-record.js';

/** A cell that failed, and why. */
export interface FailedCell {
  /** Its configuration. */
  readonly cell: CellConfig;
  /** The last attempt. */
  readonly failure: Failure;
}

/** Everything that a run's folder says about its results. */
export interface Run extends RunRecords {
  /** The folder, as it was given. */
  readonly folder: string;
  /** Cells without a valid record that failed permanently. */
  readonly failed: readonly FailedCell[];
  /** Cells without a valid record that did not fail: still running, or never started. */
  readonly unfinished: readonly CellConfig[];
  /** The results of attacks on the trained networks; null if there are none. */
  readonly attacks: AttackedRun | null;
}

/**
 * Reads a run: its valid records, the files that can't be used, the cells without a record, and the results of attacks.
 *
 * A folder without a list of cells (`grid.json`), such as a copy of a few records, has no failed and no unfinished cells.
 *
 * @throws WeightmapError if there is no such folder.
 */
export async function readRun(folder: string): Promise<Run> {
  const stored = await readRecords(folder);
  const { cells } = await readManifest(folder).catch(() => ({ cells: [] }));
  const done = new Set(stored.records.map(({ folder: of }) => of));
  const open = cells.filter((cell) => !done.has(cellPaths(folder, cell).folder));
  const failed = open.flatMap((cell) => {
    const failure = readFailure(folder, cell);
    return failure ? [{ cell, failure }] : [];
  });
  return {
    ...stored,
    folder,
    failed,
    unfinished: open.filter((cell) => !failed.some((one) => one.cell === cell)),
    attacks: readAttackedRun(folder),
  };
}
