// Data that the command draws or decodes is kept in one folder for all files: drawing the digits takes seconds.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Runs once before all files, in the process that starts theirs. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.WEIGHTMAP_TEST_CACHE) return undefined;
  const folder = await mkdtemp(path.join(tmpdir(), 'weightmap-test-cache-'));
  process.env.WEIGHTMAP_TEST_CACHE = folder;
  return async () => {
    delete process.env.WEIGHTMAP_TEST_CACHE;
    await rm(folder, { recursive: true, force: true });
  };
}
