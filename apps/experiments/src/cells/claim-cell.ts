import { mkdir } from 'node:fs/promises';
import { WeightmapError } from '@weightmap/core';
import { confine, removeLeftovers, writeWhole } from '@weightmap/core/files';
import { cellId, cellPaths, storedIdentity, type CellConfig } from '@weightmap/records';
import { takeLease, type LeaseOptions, type Taken } from '../leases/lease.js';

/**
 * Makes a cell's folder this process's own: takes its lease, sees that nothing of another configuration lies there, and
 * clears away what a killed process left half-written.
 *
 * @throws WeightmapError if the folder lies outside the run (a symbolic link), holds work of another configuration, or can't
 *   be written to.
 */
export async function claimCell(run: string, cell: CellConfig, options: LeaseOptions = {}): Promise<Taken> {
  const { folder, identity } = cellPaths(run, cell);
  await makeCellFolder(run, cell);
  const taken = await takeLease(folder, options);
  if (!taken.lease) return taken;
  try {
    const owner = await storedIdentity(identity);
    if (owner !== null && owner !== cellId(cell))
      throw new WeightmapError('That folder holds work of another configuration.', {
        where: folder,
        expected: `cell ${cellId(cell).slice(0, 12)}…, not ${owner.slice(0, 12)}…`,
        fix: 'run the grid in another folder by --out, or replace what is there by --force',
      });
    if (owner === null)
      await writeWhole(identity, `${JSON.stringify({ cellId: cellId(cell) })}\n`, { within: run });
    await removeLeftovers(folder, { isOurs: true });
    return taken;
  } catch (error) {
    await taken.lease.release();
    throw error;
  }
}

/**
 * Makes a cell's folder, in the run's folder and nowhere else.
 *
 * @throws WeightmapError if a link leads out of the run, or a folder of the cell out of the cell, or if the folder can't be made.
 */
export async function makeCellFolder(run: string, cell: CellConfig): Promise<void> {
  const folder = confineCell(run, cell);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new WeightmapError("The cell's folder can't be made.", {
      where: `${folder}: ${(error as Error).message}`,
      fix: 'make the run folder writable, or choose another by --out',
    });
  }
}

/**
 * Checks by their real paths that a cell's folder lies in the run, and the folders that it is worked in within the cell's. Files
 * need no check here: each is confined when it is opened, and replaced as a whole when it is written.
 *
 * @returns the cell's folder.
 * @throws WeightmapError if a link leads elsewhere.
 */
export function confineCell(run: string, cell: CellConfig): string {
  const { folder, weights, gradCam, tensorboard, evaluation, checkpoint, teachers } = cellPaths(run, cell);
  confine(run, folder);
  for (const inside of [weights, gradCam, tensorboard, evaluation, checkpoint, teachers])
    confine(folder, inside);
  return folder;
}
