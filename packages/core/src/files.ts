import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, WeightmapError } from './errors.js';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Told apart within one process: two writers of the same file don't share a temporary one. */
let writers = 0;

/** The file's bytes, or null if there is none. */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new WeightmapError(`A file cannot be read: ${messageOf(error)}`, {
      where: path,
      fix: 'make the file readable, or name another folder',
    });
  }
}

/**
 * Writes a whole file or none: temporary file `<path>.<pid>.<n>.partial`, fsync, rename, fsync of the folder.
 * Makes the folder.
 *
 * The well-known library for this takes a short write (a disk that fills up) for a whole one and renames what it
 * has; Node's own `writeFile` goes on until everything is written or fails.
 *
 * @throws WeightmapError if the file system refuses.
 */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const partial = `${path}.${process.pid}.${writers++}.partial`;
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    try {
      const handle = await open(partial, 'w');
      try {
        await handle.writeFile(data);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    await syncFolder(dirname(path));
  });
}

/** Runs `body`, which writes at `path`; what the file system refuses becomes a message for people. */
export async function writing(path: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error) ?? '');
    throw new WeightmapError(
      full
        ? 'The disk is full: a file could not be written.'
        : `A file cannot be written: ${messageOf(error)}`,
      {
        where: path,
        fix: full
          ? 'free some space, or name another folder; what was finished is not lost'
          : 'name a folder that can be written to',
      },
      { cause: error },
    );
  }
}

/** Makes renames in a folder survive a power cut. Windows can't open folders, and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
