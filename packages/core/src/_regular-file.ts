import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFile,
  readFileSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { confine } from './_confine.js';
import { messageOf, WeightmapError } from './errors.js';

/** Which files may be read or written. */
export interface FileLimits {
  /** The folder that the file must lie in, with all links resolved. */
  within?: string;
  /** Bytes. Default: 2 GiB, the most that Node reads at once. */
  largest?: number;
}

/** Where a file may be written, and who may use it. */
export interface WriteLimits extends Pick<FileLimits, 'within'> {
  /** Permissions of a file that is made, before the user's mask. Default: 0o666. */
  mode?: number;
}

const MOST = 2 ** 31 - 1;
// Windows has neither. Without O_NONBLOCK, opening a named pipe waits for its other end.
const NO_WAIT = constants.O_NONBLOCK ?? 0;
const NO_LINK = constants.O_NOFOLLOW ?? 0;

/** An open regular file. The caller closes it. */
export interface OpenFile {
  /** The descriptor. */
  readonly handle: number;
  /** Bytes. */
  readonly size: number;
}

/**
 * Opens a regular file for reading, without ever waiting: a named pipe, a device, a socket or a folder is refused.
 *
 * @returns null if there is none. The caller closes the handle.
 * @throws WeightmapError if it is something else, too large, outside `within`, or can't be read.
 */
export function openRegular(path: string, { within, largest = MOST }: FileLimits = {}): OpenFile | null {
  const real = within === undefined ? path : confine(within, path);
  const handle = openAs(path, real, constants.O_RDONLY | (within === undefined ? 0 : NO_LINK));
  if (handle === null) return null;
  const { size } = fstatSync(handle);
  if (size <= largest) return { handle, size };
  closeSync(handle);
  throw new WeightmapError(`The file is too large: ${mebibytes(size)}.`, {
    where: path,
    expected: `at most ${mebibytes(largest)}`,
  });
}

/**
 * Opens a regular file for appending; makes it if there is none. The caller closes the handle.
 *
 * With `within`, a link in the file's place is refused wherever it leads: a log must not grow into another file.
 *
 * @throws WeightmapError if something else lies there, outside `within`, or if it can't be written.
 */
export function openForAppending(path: string, { within, mode }: WriteLimits = {}): number {
  const real = within === undefined ? path : join(confine(within, dirname(path)), basename(path));
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
  return openAs(path, real, flags | (within === undefined ? 0 : NO_LINK), mode)!;
}

/** Appends text to a regular file; makes it if there is none. @throws WeightmapError as `openForAppending`, or if the disk is full. */
export function appendText(path: string, text: string, limits: WriteLimits = {}): void {
  const handle = openForAppending(path, limits);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length;) done += writeSync(handle, bytes, done);
  } finally {
    closeSync(handle);
  }
}

/** The bytes of a regular file, or null if there is none. @throws WeightmapError as `openRegular`. */
export function readIfThereSync(path: string, limits?: FileLimits): Buffer | null {
  const file = openRegular(path, limits);
  if (!file) return null;
  try {
    return readFileSync(file.handle);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    closeSync(file.handle);
  }
}

/** The bytes of a regular file, or null if there is none. @throws WeightmapError as `openRegular`. */
export async function readIfThere(path: string, limits?: FileLimits): Promise<Buffer | null> {
  const file = openRegular(path, limits);
  if (!file) return null;
  try {
    return await promisify(readFile)(file.handle);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    closeSync(file.handle);
  }
}

/** @returns null if there is no such file. */
function openAs(path: string, real: string, flags: number, mode = 0o666): number | null {
  let handle: number;
  try {
    handle = openSync(real, flags | NO_WAIT, mode);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const isWriting = (flags & constants.O_APPEND) !== 0;
    if (!isWriting && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
    if (code === 'ELOOP') throw special(path, 'a link', isWriting);
    // ENXIO: a socket, or a named pipe that nobody reads.
    if (code === 'ENXIO' || code === 'EISDIR')
      throw special(path, code === 'EISDIR' ? 'a folder' : 'a pipe or socket', isWriting);
    throw isWriting ? unwritable(path, error) : unreadable(path, error);
  }
  const stats = fstatSync(handle);
  if (stats.isFile()) return handle;
  closeSync(handle);
  throw special(path, kindOf(stats), (flags & constants.O_APPEND) !== 0);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

const special = (where: string, kind: string, isWriting: boolean) =>
  new WeightmapError(`A file cannot be ${isWriting ? 'written' : 'read'}: it is ${kind}.`, {
    where,
    expected: 'a regular file',
  });

const unreadable = (where: string, cause: unknown) =>
  new WeightmapError(
    `A file cannot be read: ${messageOf(cause)}`,
    { where, fix: 'make the file readable, or name another folder' },
    { cause },
  );

const unwritable = (where: string, cause: unknown) =>
  new WeightmapError(
    `A file cannot be written: ${messageOf(cause)}`,
    { where, fix: 'name a folder that can be written to' },
    { cause },
  );

const mebibytes = (bytes: number) =>
  `${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 })} MiB`;
