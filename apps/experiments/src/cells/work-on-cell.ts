import { rm } from 'node:fs/promises';
import os from 'node:os';
import { messageOf, WeightmapError } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import {
  cellName,
  cellPaths,
  findCell,
  openEventLog,
  outcomeOf,
  readCellRecord,
  readFailure,
  readManifest,
  writeFailure,
  type CellConfig,
  type Manifest,
} from '@weightmap/records';
import { stopOnSignal, type StopReason } from '../terminal/stop-on-signal.js';
import { startWorkerOutput, type WorkerOutput } from './_worker-output.js';
import { claimCell } from './claim-cell.js';
import { loadCellData } from './load-cell-data.js';
import { EXIT } from '../terminal/exit-codes.js';
import { requeueJob } from '../slurm/requeue-job.js';
import { holderName, type Lease } from '../leases/lease.js';
import { allowPlugins, usePluginsFor } from '../plugins/stored-plugins.js';
import { runCell } from './run-cell.js';

export interface CellOptions {
  /** The run's folder. */
  run: string;
  /** Place in the run's list of cells. */
  index?: number;
  /** Its id, or the beginning of it. */
  cell?: string;
  threads: number;
  /** Plugins that may be used, as `allowPlugins` takes them. */
  plugin?: readonly string[];
}

/**
 * What a worker process does: one cell of a run, from its checkpoint if it has one. Every launcher starts this.
 *
 * Several may be started for one cell: one takes its lease, the others end at once. It prints lines for people, and tells the
 * process that started it the same as `CellEvent`s if there is a channel to it; when that process is gone, it stops
 * as on a signal.
 *
 * @returns the exit code: done (also if it was done before); stopped, with a checkpoint or because another process has the cell.
 * @throws WeightmapError if the cell fails permanently; `failure.json` in its folder has the reason, too.
 */
export async function workOnCell({ run, index, cell: id, threads, plugin }: CellOptions): Promise<number> {
  const out = startWorkerOutput();
  const signal = stopOnSignal(out.note);
  try {
    await allowPlugins(plugin);
    const manifest = await readManifest(run);
    const cell = findCell(manifest, { index, id });
    if (await readCellRecord(run, cell)) return EXIT.done;
    const { lease, holder } = await claimCell(run, cell, { onNote: out.note, signal });
    if (!lease) {
      out.busy(`${cellName(cell)}: ${holderName(holder)} works on it`);
      return EXIT['stopped, continue with the same command'];
    }
    let code: number;
    try {
      // Somebody may have finished it between the look above and the lease.
      const isDone = (await readCellRecord(run, cell)) !== null;
      code = isDone ? EXIT.done : await workUnderLease(cell, lease, { run, manifest, threads, signal, out });
    } finally {
      await lease.release();
    }
    // Last of all: Slurm may end this process at once.
    if (code !== EXIT.done && stoppedBy(signal) === 'SIGUSR2') await requeueJob(out.note);
    return code;
  } catch (error) {
    out.failed(error instanceof WeightmapError ? error.explain() : messageOf(error));
    throw error;
  } finally {
    out.end();
  }
}

const stoppedBy = (signal: AbortSignal) => (signal.reason as StopReason | undefined)?.stoppedBy;

interface Work {
  readonly run: string;
  readonly manifest: Manifest;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly out: WorkerOutput;
}

async function workUnderLease(
  cell: CellConfig,
  lease: Lease,
  { run, manifest, threads, signal, out }: Work,
): Promise<number> {
  const { failure, events } = cellPaths(run, cell);
  const attempt = (readFailure(run, cell)?.attempt ?? 0) + 1;
  const log = openEventLog(events);
  log('started', { host: os.hostname(), pid: process.pid, attempt });
  const shown = out.cell(cell, log);
  try {
    await usePluginsFor([cell], run, manifest);
    const engine = await startEngine({ threads, onSlower: () => {} });
    const record = await runCell(cell, {
      run,
      engine,
      isOurs: lease.check,
      onNote: out.note,
      signal: AbortSignal.any([signal, lease.lost]),
      onEpoch: shown.epoch,
      onProgress: shown.progress,
      gradCamSamples: manifest.gradCamSamples,
      tensorboard: manifest.tensorboard,
      checkpointSeconds: manifest.checkpointSeconds,
      dataset: await loadCellData(cell, manifest),
    });
    if (!record) {
      log('stopped', { by: stoppedBy(signal) ?? 'another process, which took the cell over' });
      if (!signal.aborted) out.note('another process has taken the cell over');
      return EXIT['stopped, continue with the same command'];
    }
    await rm(failure, { force: true });
    log('done', { testErrorPercent: record.testErrorPercent });
    shown.done(outcomeOf(record));
    return EXIT.done;
  } catch (error) {
    log('failed', { reason: messageOf(error) });
    // A full disk can't take the reason for the failure either; that one stays in the log.
    await writeFailure(run, cell, error, attempt).catch(() => {});
    throw error;
  }
}
