import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { removeLeftovers, writeWhole } from '@weightmap/core/files';
import { cellId, cellPaths, isInside, storedIdentity, type CellConfig } from '@weightmap/records';
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
    if (owner === null) await writeWhole(identity, `${JSON.stringify({ cellId: cellId(cell) })}\n`);
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
 * @throws WeightmapError if a link leads out of the run, or if the folder can't be made.
 */
export async function makeCellFolder(run: string, cell: CellConfig): Promise<void> {
  const { folder } = cellPaths(run, cell);
  const root = realpathSync(run);
  // The deepest part that exists decides where the rest would be made.
  for (let part = folder; ; part = path.dirname(part)) {
    let real: string;
    try {
      real = realpathSync(part);
    } catch {
      continue;
    }
    if (real !== root && !isInside(root, real))
      throw new WeightmapError('A folder of the run leads out of it.', {
        where: `${part} → ${real}`,
        expected: 'a folder, or a link to one within the run',
        fix: 'remove the link',
      });
    break;
  }
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new WeightmapError("The cell's folder can't be made.", {
      where: `${folder}: ${(error as Error).message}`,
      fix: 'make the run folder writable, or choose another by --out',
    });
  }
}
