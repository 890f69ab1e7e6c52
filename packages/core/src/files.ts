/**
 * Whole files or none, for Node: what is written survives a crash, a full disk and a second writer.
 *
 * @module
 */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { confine } from './_confine.js';
import type { FileLimits } from './_regular-file.js';
import { isLeftBehind, partialName } from './_beside.js';
import { messageOf, WeightmapError } from './errors.js';

export { isRunning } from './_beside.js';
export { confine } from './_confine.js';
export {
  appendText,
  openForAppending,
  openRegular,
  readIfThere,
  readIfThereSync,
  type FileLimits,
  type OpenFile,
  type WriteLimits,
} from './_regular-file.js';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/**
 * Writes a whole file or none: temporary file `<path>.<host>.<pid>.<n>.partial`, fsync, rename, fsync of the folder.
 * Makes the folder.
 *
 * The well-known library for this takes a short write (a disk that fills up) for a whole one and renames what it
 * has; Node's own `writeFile` goes on until everything is written or fails.
 *
 * @param limits `within`: the folder that the file must lie in, with all links resolved.
 * @throws WeightmapError if the file system refuses, or if the path leads out of `within`.
 */
export async function writeWhole(
  path: string,
  data: Uint8Array | string,
  { within }: Pick<FileLimits, 'within'> = {},
): Promise<void> {
  // A link in the file's own place is replaced by the renaming: only the folders above it lead elsewhere.
  if (within !== undefined) confine(within, dirname(path));
  const partial = partialName(path);
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    try {
      // Exclusively: a link that waits under this name is not followed.
      await rm(partial, { force: true });
      const handle = await open(partial, 'wx');
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

/**
 * Removes the temporary files of `writeWhole` in a folder and below that nobody will finish: those of processes of this machine
 * that are gone, and all that are older than a day.
 *
 * @param isOurs whether nobody else may write there: then every temporary file goes.
 */
export async function removeLeftovers(folder: string, { isOurs = false } = {}): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith('.partial')) continue;
    const file = join(entry.parentPath, entry.name);
    if (isOurs || (await isLeftBehind(file))) await rm(file, { force: true });
  }
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

/**
 * Puts a whole folder in its place, or nothing: `fill` writes it beside, then it is renamed. An earlier folder in its place stays as it is
 * if anything fails, and is removed otherwise. Of several processes that do this at the same time all succeed, and one's whole folder
 * stays. What a killed one left beside it is cleared away; a folder that it had just moved away is put back.
 *
 * @param fill writes into the folder that it gets, which exists and is empty.
 * @throws WeightmapError if the file system refuses.
 */
export async function replaceFolder(folder: string, fill: (made: string) => Promise<void>): Promise<void> {
  const made = partialName(folder);
  const old = partialName(`${folder}.old`);
  await writing(folder, async () => {
    await mkdir(dirname(folder), { recursive: true });
    await clearBeside(folder);
    try {
      await mkdir(made);
      await fill(made);
      await swap(folder, made, old);
      await syncFolder(dirname(folder));
    } finally {
      await rm(made, { recursive: true, force: true });
      await rm(old, { recursive: true, force: true });
    }
  });
}

/** More than there are processes that could be in between. */
const MOST_TRIES = 1000;

/** Moves a folder to a place, and whatever is there away. A rename onto a folder fails, so it takes two; another process may be between them. */
async function swap(folder: string, made: string, old: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    const isMoved = await moves(folder, old, ['ENOENT']);
    try {
      if (await moves(made, folder, ['ENOTEMPTY', 'EEXIST', 'EPERM'], tries === MOST_TRIES)) return;
    } catch (error) {
      if (isMoved) await moves(old, folder, ['ENOTEMPTY', 'EEXIST', 'EPERM']).catch(() => {});
      throw error;
    }
    if (isMoved) await rm(old, { recursive: true, force: true });
  }
}

/** @returns whether it was renamed; not if it failed in one of these ways, unless it is the last try. */
async function moves(from: string, to: string, codes: readonly string[], isLast = false): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isLast || !codes.includes(codeOf(error) ?? '')) throw error;
    return false;
  }
}

/** Removes the folders that killed processes left beside a folder; puts back what one had moved away. */
async function clearBeside(folder: string): Promise<void> {
  const name = basename(folder);
  for (const entry of (await readdir(dirname(folder))).sort()) {
    const path = join(dirname(folder), entry);
    if (!entry.startsWith(`${name}.`) || !(await isLeftBehind(path))) continue;
    if (entry.startsWith(`${name}.old.`))
      await moves(path, folder, ['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOTDIR', 'ENOENT']);
    await rm(path, { recursive: true, force: true });
  }
}
