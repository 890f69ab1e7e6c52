import { relative, sep } from 'node:path';
import { messageOf, parseJson, WeightmapError } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { cellPaths } from './cell-paths.js';
import { checkRecord, type Checked } from './_check.js';

/** Bytes. */
export const LARGEST_RECORD = 16 * 2 ** 20;

/**
 * Reads and checks the file of a record: a regular file, inside the run, in its own cell's place, of a bounded size, that
 * `checkRecord` accepts. Every command decides by this function whether there is a record.
 *
 * @param path of `record.json`, under `run`.
 * @returns null if there is no such file.
 * @throws Error if the system can't read the file.
 */
export async function readRecordFile(run: string, path: string): Promise<Checked | null> {
  const bytes = await readIfThere(path, { within: run, largest: LARGEST_RECORD }).catch(refusal);
  if (!bytes || 'reason' in bytes) return bytes;
  const checked = parsed(bytes.toString());
  if (!checked.record) return checked;
  const place = placeOf(run, checked.record.cell);
  if (place === null) return { reason: 'names a dataset or variant that can’t be a folder' };
  return relative(place, path) === ''
    ? checked
    : { reason: `belongs to ${relative(run, place).split(sep).join('/')}: a copy in the wrong place` };
}

/** Why a file can't be a record, in a line. @throws what the system refused. */
function refusal(error: unknown): { reason: string } {
  if (!(error instanceof WeightmapError) || error.cause !== undefined) throw error;
  return { reason: error.message };
}

function parsed(text: string): Checked {
  try {
    return checkRecord(parseJson(text));
  } catch (error) {
    return { reason: error instanceof SyntaxError ? `not JSON: ${messageOf(error)}` : messageOf(error) };
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
