import { dirname } from 'node:path';
import { parseJson } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { LARGEST_RECORD } from './_read-record.js';

/** The id of the cell that a folder's work belongs to, or null. */
export async function storedIdentity(file: string): Promise<string | null> {
  try {
    const { cellId } = parseJson(
      String(await readIfThere(file, { within: dirname(file), largest: LARGEST_RECORD })),
    ) as { cellId?: unknown };
    return typeof cellId === 'string' ? cellId : null;
  } catch {
    return null; // missing or damaged: a checkpoint holds its own identity
  }
}
