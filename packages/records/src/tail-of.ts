import { closeSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { openRegular } from '@weightmap/core/files';

/** The last bytes of a regular file as text; nothing if there is none, or if a link leads out of its folder. */
export function tailOf(file: string, bytes: number): string {
  try {
    const opened = openRegular(file, { within: dirname(file) });
    if (!opened) return '';
    const { handle, size } = opened;
    try {
      const buffer = Buffer.alloc(Math.min(size, bytes));
      const read = readSync(handle, buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString('utf8', 0, read);
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}
