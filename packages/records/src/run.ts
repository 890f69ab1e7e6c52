import { access } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { readAttacks, type AttackedRun } from './attacked-run.js';
import { cellId } from './cell-id.js';
import { placeName } from './cell-name.js';
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
  /** What else can't be used, with its reason, for people: a damaged list of cells, damaged or foreign results of attacks. */
  readonly notes: readonly string[];
}

/**
 * Reads a run: its valid records, the files that can't be used, the cells without a record, and the results of attacks.
 *
 * A folder without a list of cells (`grid.json`), such as a copy of a few records, has no failed and no unfinished cells. One
 * whose list is damaged has none either, and `notes` says so: its records stay readable.
 *
 * @throws WeightmapError if there is no such folder.
 */
export async function readRun(folder: string): Promise<Run> {
  const stored = await readRecords(folder);
  const { cells, problem } = await plannedCells(folder);
  const done = new Set(stored.records.map(({ folder: of }) => of));
  const open = cells.filter((cell) => !done.has(cellPaths(folder, cell).folder));
  const failed = open.flatMap((cell) => {
    const failure = readFailure(folder, cell);
    return failure ? [{ cell, failure }] : [];
  });
  const attacks = await attacksOf(folder, stored, cells);
  return {
    ...stored,
    folder,
    failed,
    unfinished: open.filter((cell) => !failed.some((one) => one.cell === cell)),
    attacks: attacks.results,
    notes: [...(problem === null ? [] : [problem]), ...attacks.notes],
  };
}

/** The cells of `grid.json`; none if there is no such file, or a damaged one. */
async function plannedCells(
  folder: string,
): Promise<{ cells: readonly CellConfig[]; problem: string | null }> {
  const isThere = await access(path.join(folder, 'grid.json')).then(
    () => true,
    () => false,
  );
  if (!isThere) return { cells: [], problem: null };
  try {
    return { ...(await readManifest(folder)), problem: null };
  } catch (error) {
    const reason =
      error instanceof WeightmapError ? (error.details.where ?? error.message) : messageOf(error);
    return {
      cells: [],
      problem: `the list of cells can’t be used, so cells without a record are not counted: ${reason}`,
    };
  }
}

/** The results of attacks on networks that aren't contradicted by a record or the list of cells. */
async function attacksOf(
  folder: string,
  { records }: RunRecords,
  cells: readonly CellConfig[],
): Promise<{ results: AttackedRun | null; notes: string[] }> {
  const { attacked, problem } = await readAttacks(folder);
  if (problem !== null) return { results: null, notes: [`attacks.json can’t be used: ${problem}`] };
  if (!attacked) return { results: null, notes: [] };
  const ids = new Map([
    ...cells.map((cell) => [cellPaths(folder, cell).folder, cellId(cell)] as const),
    ...records.map(({ folder: of, record }) => [of, record.cellId] as const),
  ]);
  const isOwn = (row: { cellId: string; dataset: string; variant: string; trial: number }) =>
    (ids.get(cellPaths(folder, { ...row, dataset: { id: row.dataset } }).folder) ?? row.cellId) ===
    row.cellId;
  const foreign = attacked.cells.filter((row) => !isOwn(row));
  const { corruptions } = attacked;
  return {
    results: {
      ...attacked,
      cells: attacked.cells.filter(isOwn),
      ...(corruptions && { corruptions: { ...corruptions, cells: corruptions.cells.filter(isOwn) } }),
    },
    notes: foreign.map(
      (row) =>
        `attacks.json: the results of ${placeName(row)} are left out: they belong to another configuration`,
    ),
  };
}
