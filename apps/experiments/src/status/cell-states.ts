import { readdirSync } from 'node:fs';
import { messageOf } from '@weightmap/core';
import { confine } from '@weightmap/core/files';
import {
  cellId,
  cellPaths,
  cellRecord,
  readEvents,
  readFailure,
  readManifest,
  storedIdentity,
  tailOf,
  type CellConfig,
  type LoggedEvent,
} from '@weightmap/records';
import { figureOf, shareOf } from './_figures.js';
import { queuedTasks, type QueuedTask } from '../launchers/slurm.js';
import { leaseHolder } from '../leases/lease.js';
import { readSubmissions } from '../launchers/submissions.js';

export const cellStateNames = ['done', 'running', 'queued', 'waiting', 'stopped', 'failed', 'stale'] as const;

/**
 * - `queued`: in the queue of a batch system;
 * - `waiting`: not started;
 * - `stopped`: started, and no process works on it;
 * - `failed`: with an error, until it is tried again;
 * - `stale`: its folder holds results of another configuration.
 */
export type CellStateName = (typeof cellStateNames)[number];

export interface CellStatus {
  /** Its number in the run's list of cells. */
  readonly index: number;
  readonly id: string;
  readonly cell: CellConfig;
  readonly state: CellStateName;
  /** Why it failed, why its record can't be used, or its state in the batch system. */
  readonly reason?: string;
  /** The last report of a running cell. */
  readonly running?: RunningCell;
}

export interface RunningCell {
  readonly host: string;
  readonly pid: number;
  readonly secondsSinceBeat: number;
  readonly stage: string;
  /** The finished share of the stage, 0 … 1; null if its events don't say it. Of the figures, too, null is one that is no number. */
  readonly share: number | null;
  readonly epoch?: number | null;
  readonly loss?: number | null;
  readonly imagesPerSecond?: number | null;
  /** Until the end of training. */
  readonly secondsLeft?: number | null;
  readonly validationErrorPercent?: number | null;
  /** Since the start of this attempt. */
  readonly secondsRunning: number;
  /** Lines at the end of its log of events that are none, and were skipped; absent for none. */
  readonly oddLines?: number;
}

/**
 * The state of every cell of a run, from the run's files and the batch system's queue alone. A cell whose record can't be used
 * is stopped, with the reason.
 *
 * @throws WeightmapError if there is no run in the folder.
 */
export async function cellStates(run: string): Promise<CellStatus[]> {
  const { cells } = await readManifest(run);
  const submissions = await readSubmissions(run);
  const queue = new Map<number, QueuedTask>();
  for (const submission of submissions)
    if (submission.launcher === 'slurm' && submission.kind === 'cells')
      for (const task of await queuedTasks(submission)) queue.set(task.index, task);
  const states: CellStatus[] = [];
  for (const [index, cell] of cells.entries()) {
    const id = cellId(cell);
    const known = await stateInFolder(run, cell, id);
    const task = queue.get(index);
    const inQueue = task && !['done', 'running', 'stale'].includes(known.state);
    const queued = inQueue && {
      state: 'queued' as const,
      reason: `${task.state.toLowerCase()}${task.reason === 'None' ? '' : `: ${task.reason}`}`,
    };
    states.push({ index, id, cell, ...known, ...queued });
  }
  return states;
}

async function stateInFolder(
  run: string,
  cell: CellConfig,
  id: string,
): Promise<Pick<CellStatus, 'state' | 'reason' | 'running'>> {
  const paths = cellPaths(run, cell);
  let names: string[];
  try {
    confine(run, paths.folder);
  } catch (error) {
    return { state: 'failed', reason: messageOf(error) };
  }
  try {
    names = readdirSync(paths.folder);
  } catch {
    return { state: 'waiting' };
  }
  const found = names.includes('record.json') ? await cellRecord(run, cell) : null;
  if (found?.state === 'valid') return { state: 'done' };
  const owner = found?.state === 'other' ? found.cellId : await storedIdentity(paths.identity);
  if (owner !== null && owner !== id) return { state: 'stale' };
  const held = names.some((name) => name.startsWith('lease-')) ? leaseHolder(paths.folder) : null;
  if (held) return { state: 'running', running: runningCell(paths.events, held) };
  const failure = names.includes('failure.json') ? readFailure(run, cell) : null;
  if (failure) return { state: 'failed', reason: failure.reason };
  if (found?.state === 'damaged')
    return {
      state: 'stopped',
      reason: `the record can't be used, and is made again by run or retry: ${found.reason}`,
    };
  return { state: names.includes('events.jsonl') ? 'stopped' : 'waiting' };
}

function runningCell(
  file: string,
  { holder, secondsSinceBeat }: NonNullable<ReturnType<typeof leaseHolder>>,
): RunningCell {
  const { events, oddLines } = readEvents(file);
  const last = (event: LoggedEvent['event']) => events.findLast((logged) => logged.event === event);
  const progress = last('progress');
  const figures = (progress?.figures ?? {}) as Readonly<Record<string, unknown>>;
  const began = Date.parse(startOf(file) ?? '');
  const figure = (name: 'epoch' | 'loss' | 'imagesPerSecond' | 'secondsLeft') =>
    figureOf(figures[name], name === 'loss');
  return {
    host: holder.host,
    pid: holder.pid,
    secondsSinceBeat,
    stage: typeof progress?.stage === 'string' ? progress.stage : 'starting',
    share: progress ? shareOf(progress) : 0,
    epoch: figure('epoch'),
    loss: figure('loss'),
    imagesPerSecond: figure('imagesPerSecond'),
    secondsLeft: figure('secondsLeft'),
    validationErrorPercent: figureOf(last('epoch')?.validationErrorPercent),
    secondsRunning: Math.max(0, (Date.now() - began) / 1000) || 0,
    ...(oddLines > 0 && { oddLines }),
  };
}

/** When the last attempt started. Its event may be far before the end of the file. */
function startOf(file: string): string | undefined {
  const line = tailOf(file, 2 ** 20)
    .split('\n')
    .findLast((text) => text.includes('"event":"started"'));
  return line?.match(/"time":"([^"]+)"/)?.[1];
}
