import { readFile, realpath, readdir, stat } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { messageOf } from '@weightmap/core';
import { cellPaths } from './cell-paths.js';
import { isInside } from './is-inside.js';
import { checkRecord, type Checked } from './_check.js';

const LARGEST_RECORD = 16 * 2 ** 20;

/**
 * Reads and checks the file of a record: a regular file, inside the run, in its own cell's place, of a bounded size, that
 * `checkRecord` accepts. Every command decides by this function whether there is a record.
 *
 * @param path of `record.json`, under `run`.
 * @returns null if there is no such file.
 * @throws Error if the system can't read the file.
 */
export async function readRecordFile(run: string, path: string): Promise<Checked | null> {
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => error);
  if (typeof real !== 'string') {
    if (real.code === 'ELOOP') return { reason: 'a symbolic link to itself' };
    if (real.code !== 'ENOENT' && real.code !== 'ENOTDIR') throw real;
    const names: string[] = await readdir(dirname(path)).catch(() => []);
    return names.includes(basename(path)) ? { reason: 'a symbolic link to nowhere' } : null;
  }
  if (!isInside(await realpath(run), real)) return { reason: 'a symbolic link that leaves the run' };
  const { size, ...kind } = await statOf(real);
  if (!kind.isFile) return { reason: 'not a regular file' };
  if (size > LARGEST_RECORD) return { reason: 'larger than any record' };
  const checked = parsed(await readFile(real, 'utf8'));
  if (!checked.record) return checked;
  const place = placeOf(run, checked.record.cell);
  if (place === null) return { reason: 'names a dataset or variant that can’t be a folder' };
  return relative(place, path) === ''
    ? checked
    : { reason: `belongs to ${relative(run, place).split(sep).join('/')}: a copy in the wrong place` };
}

async function statOf(path: string): Promise<{ size: number; isFile: boolean }> {
  const found = await stat(path);
  return { size: found.size, isFile: found.isFile() };
}

function parsed(text: string): Checked {
  try {
    return checkRecord(JSON.parse(text));
  } catch (error) {
    return { reason: `not JSON: ${messageOf(error)}` };
  }
}

/** Null if its names can't be folders. */
function placeOf(run: string, cell: Parameters<typeof cellPaths>[1]): string | null {
  try {
    return cellPaths(run, cell).record;
  } catch {
    return null;
  }
}
