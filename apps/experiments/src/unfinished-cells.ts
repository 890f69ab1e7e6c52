import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { WeightmapError, type CellConfig, type RunRecord } from '@weightmap/core';
import { cellId, cellPaths, readRecords } from './records/index.js';

/**
 * The cells that have no valid record yet.
 *
 * @throws WeightmapError if the folder holds results of another configuration: they are never mixed.
 */
export async function unfinishedCells(
  run: string,
  cells: readonly CellConfig[],
  force: boolean,
): Promise<CellConfig[]> {
  const { records } = await readRecords(run);
  const done = new Set(records.map(({ record }) => record.cellId));
  const unfinished = cells.filter((cell) => !done.has(cellId(cell)));
  const stale: string[] = [];
  for (const cell of unfinished) {
    const paths = cellPaths(run, cell);
    if (!existsSync(paths.record)) continue;
    if (force) await rm(paths.folder, { recursive: true });
    // A record that can't be used is made again; a readable one of other settings is somebody's result.
    else if (await belongsToOther(paths.record, cell)) stale.push(`${cell.variant} trial ${cell.trial}`);
  }
  if (stale.length)
    throw new WeightmapError(
      `${run} holds ${stale.length} results of another configuration: ${stale.join(', ')}.`,
      {
        expected: 'the same dataset, epochs, seed and strengths as before',
        fix: 'choose another folder by --out, or replace them by --force',
      },
    );
  return unfinished;
}

/** Whether a record names another cell, even one of an older schema. */
async function belongsToOther(file: string, cell: CellConfig): Promise<boolean> {
  try {
    const { cellId: stored } = JSON.parse(await readFile(file, 'utf8')) as Partial<RunRecord>;
    return stored !== undefined && stored !== cellId(cell);
  } catch {
    return false;
  }
}
