import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { confine } from '@weightmap/core/files';
import { cellId, cellName, cellPaths, cellRecord, storedIdentity, type CellConfig } from '@weightmap/records';
import { confineCell } from '../cells/claim-cell.js';

/**
 * The cells that have no valid record yet; a note names each damaged one. With `force`, results of another configuration in their places are deleted.
 *
 * @throws WeightmapError without `force`, if the folder holds results of another configuration: they are never mixed; and if a
 *   link leads out of the run.
 */
export async function unfinishedCells(
  run: string,
  cells: readonly CellConfig[],
  force: boolean,
  onNote: (note: string) => void = () => {},
): Promise<CellConfig[]> {
  // Before anything is looked at or deleted: a link could lead into another run.
  for (const cell of cells) confineCell(run, cell);
  const unfinished: CellConfig[] = [];
  for (const cell of cells) {
    const found = await cellRecord(run, cell);
    if (found.state !== 'valid') unfinished.push(cell);
    if (found.state === 'damaged')
      onNote(`the record of ${cellName(cell)} can't be used and is made again: ${found.reason}`);
  }
  const stale: CellConfig[] = [];
  for (const cell of unfinished) if (await isStale(run, cell)) stale.push(cell);
  if (force) {
    for (const cell of stale) refuseLinks(run, cellPaths(run, cell).folder);
    for (const cell of stale) await rm(cellPaths(run, cell).folder, { recursive: true });
  }
  if (stale.length > 0 && !force)
    throw new WeightmapError(
      `${run} holds results of another configuration: ${stale.length} stale, ${cells.length - unfinished.length} valid.`,
      {
        where: listed(stale.map(cellName)),
        expected: 'the same dataset, epochs, seed, strengths and plugins as before',
        fix: 'choose another folder with --out, or replace them with --force',
      },
    );
  return unfinished;
}

/** Deleting through a link would delete another cell of the run. */
function refuseLinks(run: string, folder: string): void {
  const real = confine(run, folder);
  if (real === path.join(confine(run, run), path.relative(run, folder))) return;
  throw new WeightmapError('Results behind a link are not deleted.', {
    where: `${folder} → ${real}`,
    expected: 'a folder',
    fix: 'remove the link; nothing was deleted',
  });
}

const SHOWN = 5;

const listed = (names: readonly string[]) =>
  names.length > SHOWN
    ? `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`
    : names.join(', ');

/**
 * Whether a cell's folder holds work of another configuration, finished or not, or a record of an older schema. A record that
 * can't be read doesn't count.
 */
export async function isStale(run: string, cell: CellConfig): Promise<boolean> {
  const found = await cellRecord(run, cell);
  const { identity } = cellPaths(run, cell);
  const owner = existsSync(identity) ? await storedIdentity(identity) : null;
  return found.state === 'other' || (owner !== null && owner !== cellId(cell));
}
