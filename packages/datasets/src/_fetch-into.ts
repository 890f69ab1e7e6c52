import { open, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { counted } from './_counted.js';
import { sizeOf } from './_part-file.js';

export interface FetchIntoOptions {
  /** Milliseconds until the server's answer begins. */
  connectTimeout?: number;
  /** Milliseconds without a byte after that. */
  stallTimeout?: number;
  /** Bytes there are and will be; `total` grows with `done` where the server does not tell the size. */
  onBytes?: (done: number, total: number) => void;
}

/** The answer had begun, and broke off or stalled: trying again may bring the rest. */
export class BrokenOffError extends Error {}

/**
 * Fetches a URL into a file, after what is in it already.
 *
 * A server that ignores Range, or whose file has become another size, makes it start over.
 *
 * @throws BrokenOffError if the answer breaks off; what has come stays in the file.
 * @throws Error if there is no answer, or one of no use.
 * @throws WeightmapError if the file cannot be written.
 */
export async function fetchInto(
  part: string,
  url: string,
  { connectTimeout = 5_000, stallTimeout = 15_000, onBytes }: FetchIntoOptions = {},
): Promise<void> {
  const have = await sizeOf(part);
  const watchdog = startWatchdog();
  try {
    watchdog.within(connectTimeout, `no answer within ${connectTimeout / 1000} s`);
    const response = await fetch(url, {
      // The file itself, not a form of it packed for the way.
      headers: { 'accept-encoding': 'identity', ...(have > 0 && { range: `bytes=${have}-` }) },
      signal: watchdog.signal,
    });
    const { start, complete } = standing(response, have);
    if (complete) return await response.body?.cancel();
    if (start === null) {
      await response.body?.cancel();
      await rm(part, { force: true });
      return await fetchInto(part, url, { connectTimeout, stallTimeout, onBytes });
    }
    if (!response.body) throw new Error('an empty answer');

    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = start + length;
    let done = start;
    const report = () => onBytes?.(done, Number.isFinite(total) ? total : done);
    const file = await writing(part, open(part, start > 0 ? 'a' : 'w'));
    try {
      report();
      watchdog.within(stallTimeout, `no data for ${stallTimeout / 1000} s`);
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        watchdog.within(stallTimeout, `no data for ${stallTimeout / 1000} s`);
        await writing(part, file.writeFile(chunk));
        done += chunk.length;
        report();
      }
    } catch (error) {
      if (error instanceof WeightmapError) throw error;
      throw new BrokenOffError(`broke off after ${counted(done, 'byte', 'bytes')}: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      await writing(
        part,
        file.sync().finally(() => file.close()),
      );
    }
    if (Number.isFinite(total) && done !== total)
      throw new BrokenOffError(`${counted(done, 'byte', 'bytes')} came of ${total}`);
  } finally {
    watchdog.stop();
  }
}

/** From which byte on the answer is, null if it is of no use and the file must be fetched from its start. */
function standing(response: Response, have: number): { start: number | null; complete?: boolean } {
  const range = response.headers.get('content-range') ?? '';
  if (response.status === 200) return { start: 0 };
  if (response.status === 206) {
    const start = Number(/^bytes (\d+)-/.exec(range)?.[1] ?? Number.NaN);
    if (start === have) return { start };
    if (have > 0) return { start: null };
  }
  // Nothing after `have`: either all of it is here, or what is here is not of that file.
  if (response.status === 416 && have > 0) return { start: null, complete: range === `bytes */${have}` };
  throw new Error(`HTTP status ${response.status}`);
}

function startWatchdog() {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    within(milliseconds: number, reason: string) {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new Error(reason)), milliseconds);
    },
    stop: () => clearTimeout(timer),
  };
}

async function writing<T>(part: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw new WeightmapError(
      `${basename(part)} cannot be written: ${messageOf(error)}`,
      { where: part, fix: 'make room or set XDG_CACHE_HOME to a folder that can be written' },
      { cause: error },
    );
  });
}
