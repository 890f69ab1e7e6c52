import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Told apart within one process: two writers of the same file don't share a temporary one. */
let writers = 0;

/** Id of this host: only the stale files of its own processes can be detected. */
const HOST = Buffer.from(hostname()).toString('base64url');
const DAY = 24 * 3600 * 1000;

/** The name of what will be renamed to `path` when it is whole: `<path>.<host>.<pid>.<n>.partial`. */
export const partialName = (path: string): string => `${path}.${HOST}.${process.pid}.${writers++}.partial`;

/** Whether nobody will finish what has such a name: its process, on this machine, is gone, or it is older than a day. */
export async function isLeftBehind(path: string): Promise<boolean> {
  const [, host, pid] = /\.([\w-]+)\.(\d+)\.\d+\.partial$/.exec(path) ?? [];
  if (pid === undefined) return false;
  if (host === HOST) return !isRunning(Number(pid));
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > DAY,
    () => false, // it was finished meanwhile
  );
}

/** Whether this machine has a process of that number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
