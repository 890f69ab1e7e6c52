import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import writeFileAtomic from 'write-file-atomic';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** The file's bytes, or null if there is none. */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new WeightmapError(`A file cannot be read: ${messageOf(error)}`, {
      where: path,
      fix: 'Make the file readable, or name another folder.',
    });
  }
}

/** Writes a whole file or none: temporary file, fsync, rename, fsync of the folder. Makes the folder. */
export async function writeWhole(path: string, data: Buffer | string): Promise<void> {
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, data);
    await syncFolder(dirname(path));
  });
}

/** Runs `body`, which writes at `path`; what the file system refuses becomes a message for people. */
export async function writing(path: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const full = ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');
    throw new WeightmapError(`A file cannot be written: ${messageOf(error)}`, {
      where: path,
      fix: full ? 'Free some disk space, or name another folder.' : 'Name a folder that can be written to.',
    });
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
