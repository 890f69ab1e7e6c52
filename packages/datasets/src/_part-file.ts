import { readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isRunning } from '@weightmap/core/files';

let counter = 0;

const host = hostname().replace(/[^\w-]/g, '_') || 'host';

/**
 * The name that this download alone writes to, beside `target`: two processes never write to one
 * file. What an earlier download left behind is taken over, so that it can be resumed; renaming is
 * atomic, so only one taker gets it.
 */
export async function claimPart(target: string): Promise<string> {
  const own = `${target}.${host}-${process.pid}-${counter++}.part`;
  for (const leftOver of await leftOversOf(target)) {
    const taken = await rename(leftOver, own).then(
      () => true,
      () => false,
    );
    if (taken) break;
  }
  return own;
}

/** Leaves what has been downloaded of `target` for the next try, in this process or another. */
export async function releasePart(part: string, target: string): Promise<void> {
  if ((await sizeOf(part)) > 0) await rename(part, `${target}.part`).catch(() => undefined);
  else await rm(part, { force: true });
}

/** Bytes, 0 if there is no such file. */
export async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function leftOversOf(target: string): Promise<string[]> {
  const [folder, name] = [dirname(target), basename(target)];
  const entries = await readdir(folder);
  return entries
    .filter((entry) => {
      if (entry === `${name}.part`) return true;
      if (!entry.startsWith(`${name}.${host}-`) || !entry.endsWith('.part')) return false;
      const [pid] = entry.slice(`${name}.${host}-`.length).split('-');
      return /^\d+$/.test(pid) && !isRunning(Number(pid));
    })
    .map((entry) => join(folder, entry));
}
