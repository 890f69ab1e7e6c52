/**
 * Whole files or none, for Node: what is written survives a crash, a full disk and a second writer.
 *
 * @module
 */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { confine } from './_confine.js';
import type { FileLimits } from './_regular-file.js';
import { messageOf, WeightmapError } from './errors.js';

export { confine } from './_confine.js';
export {
  appendText,
  openForAppending,
  openRegular,
  readIfThere,
  readIfThereSync,
  type FileLimits,
  type OpenFile,
} from './_regular-file.js';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Told apart within one process: two writers of the same file don't share a temporary one. */
let writers = 0;

/** Id of this host: only the stale files of its own processes can be detected. */
const HOST = Buffer.from(hostname()).toString('base64url');
const DAY = 24 * 3600 * 1000;

/**
 * Writes a whole file or none: temporary file `<path>.<host>.<pid>.<n>.partial`, fsync, rename, fsync of the folder.
 * Makes the folder.
 *
 * The well-known library for this takes a short write (a disk that fills up) for a whole one and renames what it
 * has; Node's own `writeFile` goes on until everything is written or fails.
 *
 * @param limits.within the folder that the file must lie in, with all links resolved.
 * @throws WeightmapError if the file system refuses, or if the path leads out of `within`.
 */
export async function writeWhole(
  path: string,
  data: Uint8Array | string,
  { within }: Pick<FileLimits, 'within'> = {},
): Promise<void> {
  // A link in the file's own place is replaced by the renaming: only the folders above it lead elsewhere.
  if (within !== undefined) confine(within, dirname(path));
  const partial = `${path}.${HOST}.${process.pid}.${writers++}.partial`;
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

async function isLeftBehind(file: string): Promise<boolean> {
  const [, host, pid] = /\.([\w-]+)\.(\d+)\.\d+\.partial$/.exec(file) ?? [];
  if (pid === undefined) return false;
  if (host === HOST) return !isRunning(Number(pid));
  return stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > DAY,
    () => false, // it was finished meanwhile
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
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
