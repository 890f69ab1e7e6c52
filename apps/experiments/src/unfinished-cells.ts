import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { WeightmapError, type CellConfig, type Dataset, type RunRecord } from '@weightmap/core';
import { cellId, cellPaths } from './records/index.js';

/** A cell and the data that it names. */
export interface GridCell {
  cell: CellConfig;
  dataset: Dataset;
}

/**
 * The cells that have no valid record yet.
 *
 * @throws WeightmapError if the folder holds results of another configuration: they are never mixed.
 */
export async function unfinishedCells(
  run: string,
  cells: readonly GridCell[],
  force: boolean,
): Promise<GridCell[]> {
  const unfinished: GridCell[] = [];
  const stale: string[] = [];
  for (const one of cells) {
    const paths = cellPaths(run, one.cell);
    if (!existsSync(paths.record)) {
      unfinished.push(one);
      continue;
    }
    const stored = await readFile(paths.record, 'utf8')
      .then(
        (text) => JSON.parse(text) as Partial<RunRecord>,
        () => null,
      )
      .catch(() => null);
    if (stored?.cellId === cellId(one.cell)) continue;
    // A record that can't be read is made again; a readable one of other settings is somebody's result.
    if (stored?.cellId && !force) stale.push(`${one.cell.variant} trial ${one.cell.trial}`);
    else {
      if (force) await rm(paths.folder, { recursive: true });
      unfinished.push(one);
    }
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
