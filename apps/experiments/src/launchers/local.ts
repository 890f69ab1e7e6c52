import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, WeightmapError, type CellConfig } from '@weightmap/core';
import { cellName } from '../cells/cell-name.js';
import { EXIT } from '../exit-codes.js';
import { leaseHolder, STALE_SECONDS } from '../leases/lease.js';
import { thisProcess } from '../leases/process-identity.js';
import { outcomeOf } from '../cells/outcome.js';
import type { CellDisplay } from '../progress-display.js';
import { cellPaths, readCellRecord } from '../records/index.js';
import { writeSubmission } from './submissions.js';
import { defaultWorkers, pinning } from './cores.js';
import type { Launcher, LaunchOptions } from './launcher.js';
import { startWorker, type WorkerEnd } from './_worker-process.js';

/** How often a cell is begun whose process is killed; each goes on from the last checkpoint. */
const MOST_STARTS = 3;
/** Milliseconds between two looks at cells that other processes work on. */
const LOOK_AGAIN = 1000;

/**
 * Works on cells in processes of this machine, each on cores of its own where the system allows: several networks with
 * one thread each train faster than one network with several threads.
 *
 * A cell that fails doesn't stop the others; one that another launcher works on is left to it, and waited for.
 */
export const local: Launcher = {
  description: 'processes on this machine, one a core',
  async launch(cells, options) {
    const { run, workers, threads, stop, display } = options;
    const failures: string[] = [];
    const waiting = cells.map(({ cell }) => cell);
    const slots = pinning(Math.min(workers ?? defaultWorkers(threads), Math.max(cells.length, 1)), threads);
    const takeBack = await writeSubmission(run, {
      ...{ launcher: 'local', at: new Date().toISOString(), process: thisProcess },
    });
    display.begin(cells.length);
    try {
      await Promise.all(
        slots.map(async (prefix) => {
          for (let cell = await next(); cell; cell = await next()) {
            const shown = display.cell(cellName(cell), cell.training.epochs);
            const outcome = await work(cell, prefix, shown, options);
            if (outcome === 'busy') waiting.push(cell);
            else if (outcome) failures.push(`${cellName(cell)}: ${outcome.reason}`);
          }
        }),
      );
    } finally {
      display.end();
      await takeBack();
    }
    return { finished: true, failures };

    /** The next cell that nobody works on; waits while there are only others. */
    async function next(): Promise<CellConfig | null> {
      while (waiting.length > 0 && !stop.aborted) {
        const free = waiting.findIndex((cell) => !isHeld(cellPaths(run, cell).folder));
        if (free >= 0) return waiting.splice(free, 1)[0];
        await sleep(LOOK_AGAIN, undefined, { signal: stop }).catch(() => {});
      }
      return null;
    }
  },
};

/** Whether another process works there. One that is silent for long is for the worker to judge. */
function isHeld(folder: string): boolean {
  const held = leaseHolder(folder);
  return held !== null && held.secondsSinceBeat < STALE_SECONDS;
}

/** @returns nothing, `busy` if another process has the cell, or why it failed. */
async function work(
  cell: CellConfig,
  prefix: readonly string[],
  shown: CellDisplay,
  { run, threads, stop, display }: LaunchOptions,
): Promise<void | 'busy' | { reason: string }> {
  for (let start = 1; ; start++) {
    let reason: string | undefined;
    let busy = false;
    const end = await startWorker(cell, {
      ...{ run, threads, prefix, stop },
      onEvent(event) {
        if (event.type === 'epoch') shown.epoch(event.epoch);
        if (event.type === 'progress') shown.progress(event.progress);
        if (event.type === 'note' && !stop.aborted) display.note(`${cellName(cell)}: ${event.text}`);
        if (event.type === 'failed') reason = event.reason;
        if (event.type === 'busy') busy = true;
      },
    }).catch((error: unknown): WorkerEnd => {
      reason = error instanceof WeightmapError ? error.explain() : messageOf(error);
      return { code: null, signal: null };
    });
    const record = await readCellRecord(run, cell);
    if (record) return shown.done(outcomeOf(record));
    if (busy) {
      shown.left();
      return 'busy';
    }
    if (stop.aborted || end.code === EXIT['stopped, continue with the same command']) return shown.stopped();
    if (end.signal && start < MOST_STARTS) {
      display.note(
        `${cellName(cell)}: its process was ended by ${end.signal}; begun again from its last checkpoint`,
      );
      continue;
    }
    reason ??= unexplained(end, cellPaths(run, cell).log);
    shown.failed(reason);
    return { reason };
  }
}

/** What is known of a worker that ended without a word. */
function unexplained({ code, signal }: WorkerEnd, log: string): string {
  const how = signal
    ? `its process was ended by ${signal}${signal === 'SIGKILL' ? ' (out of memory?)' : ''}, ${MOST_STARTS} times`
    : `its process ended with code ${code}`;
  return `${how}\n  where:    ${log}\n  do:       run the same command again: it continues from the last checkpoint`;
}
