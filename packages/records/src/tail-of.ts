import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The last bytes of a file as text; nothing if there is none. */
export function tailOf(file: string, bytes: number): string {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(handle);
    const buffer = Buffer.alloc(Math.min(size, bytes));
    const read = readSync(handle, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(handle);
  }
}
