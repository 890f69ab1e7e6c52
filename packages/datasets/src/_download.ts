import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { messageOf, NotFoundError, WeightmapError, type OnProgress } from '@weightmap/core';
import { BrokenOffError, fetchInto, type FetchIntoOptions } from './_fetch-into.js';
import { claimPart, releasePart, sizeOf } from './_part-file.js';

export interface DownloadOptions extends Pick<FetchIntoOptions, 'connectTimeout' | 'stallTimeout'> {
  /** The same file at several places, tried in this order. */
  urls: readonly string[];
  /** Its final name. */
  target: string;
  /** Throws if the content of the file it is given is not the right one. */
  verify: (file: string) => Promise<void>;
  /** What to do by hand if no place answers. */
  fix: string;
  /** Tries of a place whose answers break off. */
  attempts?: number;
  onProgress?: OnProgress;
}

/**
 * Downloads a file: resumed where an earlier try broke off, checked, and only then given its name.
 *
 * Any number of processes may fetch the same file at once: each writes to a name of its own.
 *
 * @returns the URL that it came from.
 * @throws NotFoundError that lists what was tried, if no place had it.
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { urls, target, fix } = options;
  const part = await prepare(target);
  const failures: string[] = [];
  try {
    for (const url of urls) {
      const failure = await fetchFrom(url, part, options);
      if (failure === null) {
        await rename(part, target).catch((error: unknown) => unusable(target, error));
        return url;
      }
      failures.push(`${url}: ${failure}`);
    }
  } finally {
    await releasePart(part, target);
  }
  throw new NotFoundError(`${basename(target)} could not be downloaded.`, {
    where: failures.join('\n            '),
    fix,
  });
}

/** Null if the part file is complete and right, else why not. */
async function fetchFrom(
  url: string,
  part: string,
  { target, verify, attempts = 3, onProgress, ...timeouts }: DownloadOptions,
): Promise<string | null> {
  const stage = `download ${basename(target)} from ${new URL(url).host}`;
  let failure = '';
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const resumed = (await sizeOf(part)) > 0;
    try {
      await fetchInto(part, url, {
        ...timeouts,
        onBytes: (done, total) => onProgress?.({ stage, done, total }),
      });
    } catch (error) {
      if (error instanceof WeightmapError) throw error;
      failure = reasonOf(error);
      if (!(error instanceof BrokenOffError)) return failure;
      continue;
    }
    try {
      await verify(part);
      return null;
    } catch (error) {
      if (!(error instanceof WeightmapError)) throw error;
      failure = error.message;
      await rm(part, { force: true });
      // The fault may lie in what was resumed; if there was nothing to resume, it is this place's.
      if (!resumed) return failure;
    }
  }
  return failure;
}

async function prepare(target: string): Promise<string> {
  try {
    await mkdir(dirname(target), { recursive: true });
    return await claimPart(target);
  } catch (error) {
    return unusable(target, error);
  }
}

function unusable(target: string, error: unknown): never {
  throw new WeightmapError(
    `The folder for downloads cannot be used: ${messageOf(error)}`,
    { where: dirname(target), fix: 'set XDG_CACHE_HOME to a folder that can be written' },
    { cause: error },
  );
}

/** fetch says "fetch failed" and keeps the reason one level down. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return [messageOf(error), cause && (cause.message || cause.code)].filter(Boolean).join(': ');
}
