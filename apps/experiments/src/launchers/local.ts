import type { CellConfig } from '@weightmap/core';
import { cellName } from '../cell-name.js';
import { EXIT } from '../exit-codes.js';
import { outcomeOf } from '../outcome.js';
import type { Display } from '../progress-display.js';
import { cellPaths, readCellRecord } from '../records/index.js';
import { pinning } from './cores.js';
import { startWorker, type WorkerEnd } from './_worker-process.js';

export interface LocalOptions {
  run: string;
  /** Cells at a time. */
  workers: number;
  /** Of each worker. */
  threads: number;
  stop: AbortSignal;
  display: Display;
}

/**
 * Works on cells in processes of this machine, each on cores of its own where the system allows: several networks with
 * one thread each train faster than one network with several threads.
 *
 * A cell that fails doesn't stop the others.
 *
 * @returns what failed, and why.
 */
export async function launchLocally(
  cells: readonly CellConfig[],
  { run, workers, threads, stop, display }: LocalOptions,
): Promise<string[]> {
  const failures: string[] = [];
  const waiting = [...cells];
  const slots = pinning(Math.min(workers, Math.max(cells.length, 1)), threads);
  display.begin(cells.length);
  await Promise.all(
    slots.map(async (prefix) => {
      for (let cell = waiting.shift(); cell && !stop.aborted; cell = waiting.shift())
        await work(cell, prefix);
    }),
  );
  display.end();
  return failures;

  async function work(cell: CellConfig, prefix: readonly string[]): Promise<void> {
    const shown = display.cell(cellName(cell), cell.training.epochs);
    let reason: string | undefined;
    const end = await startWorker(cell, {
      ...{ run, threads, prefix, stop },
      onEvent(event) {
        if (event.type === 'epoch') shown.epoch(event.epoch);
        if (event.type === 'progress') shown.progress(event.progress);
        if (event.type === 'note' && !stop.aborted) display.note(`${cellName(cell)}: ${event.text}`);
        if (event.type === 'failed') reason = event.reason;
      },
    });
    const record = await readCellRecord(run, cell);
    if (record) return shown.done(outcomeOf(record));
    if (stop.aborted || end.code === EXIT['stopped, continue with the same command']) return shown.stopped();
    reason ??= unexplained(end, cellPaths(run, cell).log);
    failures.push(`${cellName(cell)}: ${reason}`);
    shown.failed(reason);
  }
}

/** What is known of a worker that ended without a word. */
function unexplained({ code, signal }: WorkerEnd, log: string): string {
  const how = signal
    ? `its process was ended by ${signal}${signal === 'SIGKILL' ? ' (out of memory?)' : ''}`
    : `its process ended with code ${code}`;
  return `${how}\n  where:    ${log}\n  do:       run the same command again: it continues from the last checkpoint`;
}
