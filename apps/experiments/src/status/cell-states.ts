import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import {
  cellId,
  cellPaths,
  lastEvents,
  readFailure,
  readManifest,
  tailOf,
  type CellConfig,
  type LoggedEvent,
} from '@weightmap/records';
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
  /** Why it failed, or its state in the batch system. */
  readonly reason?: string;
  /** The last report of a running cell. */
  readonly running?: RunningCell;
}

export interface RunningCell {
  readonly host: string;
  readonly pid: number;
  readonly secondsSinceBeat: number;
  readonly stage: string;
  /** The finished share of the stage, 0 … 1. */
  readonly share: number;
  readonly epoch?: number;
  readonly loss?: number;
  readonly imagesPerSecond?: number;
  /** Until the end of training. */
  readonly secondsLeft?: number;
  readonly validationErrorPercent?: number;
  /** Since the start of this attempt. */
  readonly secondsRunning: number;
}

/**
 * The state of every cell of a run, from the run's files and the batch system's queue alone.
 *
 * Records are not parsed, because there may be ten thousand: a damaged one is found when it is read.
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
  return cells.map((cell, index) => {
    const id = cellId(cell);
    const known = stateInFolder(run, cell, id);
    const task = queue.get(index);
    const inQueue = task && !['done', 'running', 'stale'].includes(known.state);
    const queued = inQueue && {
      state: 'queued' as const,
      reason: `${task.state.toLowerCase()}${task.reason === 'None' ? '' : `: ${task.reason}`}`,
    };
    return { index, id, cell, ...known, ...queued };
  });
}

function stateInFolder(
  run: string,
  cell: CellConfig,
  id: string,
): Pick<CellStatus, 'state' | 'reason' | 'running'> {
  const paths = cellPaths(run, cell);
  let names: string[];
  try {
    names = readdirSync(paths.folder);
  } catch {
    return { state: 'waiting' };
  }
  const owner = names.includes('record.json')
    ? idIn(paths.record)
    : names.includes('cell.json')
      ? idIn(paths.identity)
      : null;
  if (owner !== null && owner !== id) return { state: 'stale' };
  if (names.includes('record.json') && owner === id && tailOf(paths.record, 2) === '}\n')
    return { state: 'done' };
  const held = names.some((name) => name.startsWith('lease-')) ? leaseHolder(paths.folder) : null;
  if (held) return { state: 'running', running: runningCell(paths.events, held) };
  const failure = names.includes('failure.json') ? readFailure(run, cell) : null;
  if (failure) return { state: 'failed', reason: failure.reason };
  return { state: names.includes('events.jsonl') ? 'stopped' : 'waiting' };
}

/** The cell id near the beginning of a record or an identity file; null if there is none. */
function idIn(file: string): string | null {
  const head = Buffer.alloc(256);
  try {
    const handle = openSync(file, 'r');
    try {
      readSync(handle, head, 0, head.length, 0);
    } finally {
      closeSync(handle);
    }
  } catch {
    return null;
  }
  return /"cellId":\s*"([0-9a-f]{64})"/.exec(head.toString('latin1'))?.[1] ?? null;
}

function runningCell(
  file: string,
  { holder, secondsSinceBeat }: NonNullable<ReturnType<typeof leaseHolder>>,
): RunningCell {
  const events = lastEvents(file);
  const last = (event: LoggedEvent['event']) => events.findLast((logged) => logged.event === event);
  const progress = last('progress') as
    { stage: string; done: number; total: number; figures?: Partial<RunningCell> } | undefined;
  const epoch = last('epoch') as { validationErrorPercent: number } | undefined;
  const { epoch: current, loss, imagesPerSecond, secondsLeft } = progress?.figures ?? {};
  const began = Date.parse(startOf(file) ?? '');
  return {
    host: holder.host,
    pid: holder.pid,
    secondsSinceBeat,
    stage: progress?.stage ?? 'starting',
    share: progress ? progress.done / progress.total : 0,
    epoch: current,
    loss,
    imagesPerSecond,
    secondsLeft,
    validationErrorPercent: epoch?.validationErrorPercent,
    secondsRunning: Math.max(0, (Date.now() - began) / 1000) || 0,
  };
}

/** When the last attempt started. Its event may be far before the end of the file. */
function startOf(file: string): string | undefined {
  const line = tailOf(file, 2 ** 20)
    .split('\n')
    .findLast((text) => text.includes('"event":"started"'));
  return line?.match(/"time":"([^"]+)"/)?.[1];
}
