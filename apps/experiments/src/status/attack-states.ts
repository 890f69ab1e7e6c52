import { existsSync } from 'node:fs';
import { lastEvents, readManifest, type LoggedEvent } from '@weightmap/records';
import colours from 'picocolors';
import { alignRows, count, duration } from '@weightmap/report/text';
import { partsOf, type AttackPart } from '../attack/parts.js';
import { readAttackPlan } from '../attack/plan.js';
import { eventsFile, partFailure, watchParts } from '../attack/part-states.js';
import { queuedTasks } from '../launchers/slurm.js';
import { readSubmissions } from '../launchers/submissions.js';
import { leaseHolder } from '../leases/lease.js';
import type { ProcessIdentity } from '../leases/process-identity.js';
import { figureOf, shareOf } from './_figures.js';
import { percentText } from './status-table.js';

/** `waiting`: not started. */
export type PartStateName = 'done' | 'running' | 'stopped' | 'waiting' | 'failed';

export interface PartStatus {
  readonly part: AttackPart;
  readonly state: PartStateName;
  /** Why it failed. */
  readonly reason?: string;
  /** The process of a running part. */
  readonly holder?: ProcessIdentity;
  /** The finished share of a running part, 0 … 1; null if its events don't say it. */
  readonly share?: number | null;
  readonly secondsRunning?: number;
}

export interface AttackStatus {
  readonly parts: readonly PartStatus[];
  /** Workers in the queue of a batch system, with running ones. */
  readonly queued: number;
  /** Until all parts are done, with as many processes as now; null if none runs or the pace isn't known. */
  readonly secondsLeft: number | null;
}

/** The pace is taken from so many finished parts. */
const PACED_BY = 20;

/** The state of a run's attacks, from the run's files and the batch system's queue alone; null if it was never attacked. */
export async function attackStates(run: string): Promise<AttackStatus | null> {
  const plan = await readAttackPlan(run);
  if (!plan) return null;
  const manifest = await readManifest(run);
  const all = partsOf(run, plan, manifest);
  const watch = watchParts(run, all);
  const parts: PartStatus[] = [];
  for (const part of all) parts.push({ part, ...(await stateOf(part, watch)) });
  let queued = 0;
  for (const submission of await readSubmissions(run))
    if (submission.launcher === 'slurm' && submission.kind === 'attacks')
      queued += (await queuedTasks(submission)).length;
  return { parts, queued, secondsLeft: secondsLeft(parts) };
}

async function stateOf(
  part: AttackPart,
  watch: ReturnType<typeof watchParts>,
): Promise<Omit<PartStatus, 'part'>> {
  if (await watch.isDone(part)) return { state: 'done' };
  const held = leaseHolder(part.folder);
  if (held) {
    const events = lastEvents(eventsFile(part));
    const progress = events.findLast(({ event }) => event === 'progress');
    const started = events.findLast(({ event }) => event === 'started');
    const isNow = progress && started && progress.time >= started.time;
    return {
      state: 'running',
      holder: held.holder,
      share: isNow ? shareOf(progress) : 0,
      secondsRunning: started ? Math.max(0, (Date.now() - Date.parse(started.time)) / 1000) : 0,
    };
  }
  const reason = partFailure(part);
  if (reason !== null) return { state: 'failed', reason };
  return { state: existsSync(eventsFile(part)) ? 'stopped' : 'waiting' };
}

/** From what finished and running parts took for their units. */
function secondsLeft(parts: readonly PartStatus[]): number | null {
  const running = parts.filter(({ state }) => state === 'running');
  if (running.length === 0) return null;
  const paced = parts
    .filter(({ state }) => state === 'done')
    .slice(-PACED_BY)
    .flatMap(({ part }) => {
      const done: LoggedEvent | undefined = lastEvents(eventsFile(part)).findLast(
        ({ event }) => event === 'done',
      );
      const seconds = figureOf(done?.seconds);
      return typeof seconds === 'number' ? [{ units: part.units, seconds }] : [];
    });
  for (const { part, share, secondsRunning = 0 } of running)
    if (typeof share === 'number' && share > 0.05)
      paced.push({ units: share * part.units, seconds: secondsRunning });
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const units = sum(paced.map((one) => one.units));
  if (units === 0) return null;
  const left = parts
    .filter(({ state }) => state !== 'done' && state !== 'failed')
    .map(({ part, share }) => (1 - (share ?? 0)) * part.units);
  return (sum(left) * (sum(paced.map(({ seconds }) => seconds)) / units)) / running.length;
}

const painted: Readonly<Record<PartStateName, (text: string) => string>> = {
  done: colours.green,
  running: colours.cyan,
  stopped: colours.yellow,
  waiting: colours.dim,
  failed: colours.red,
};

export const countParts = ({ parts }: AttackStatus): Record<PartStateName, number> => {
  const counts = { done: 0, running: 0, stopped: 0, waiting: 0, failed: 0 };
  for (const { state } of parts) counts[state]++;
  return counts;
};

/** The state of the attacks as text: a line of counts, and a line for each part that runs or failed; with `all`, for every part. */
export function attackStatusTable(status: AttackStatus, { all = false } = {}): string {
  const counts = countParts(status);
  const summary = Object.entries(counts)
    .filter(([, parts]) => parts > 0)
    .map(([name, parts]) => painted[name as PartStateName](`${parts} ${name}`));
  const left = status.secondsLeft;
  const shown = status.parts.filter(({ state }) => all || state === 'running' || state === 'failed');
  const rows = shown.map(({ part, state, reason, holder, share }) => [
    part.name,
    state,
    holder
      ? `${percentText(share ?? null)}  process ${holder.pid} on ${holder.host}`
      : (reason?.split('\n')[0] ?? ''),
  ]);
  return [
    `attacks: ${count(status.parts.length, 'part')}: ${summary.join(', ')}${status.queued > 0 ? `; ${count(status.queued, 'worker')} in the queue` : ''}${left === null ? '' : `; about ${duration(left)} left`}`,
    ...(rows.length > 0 ? alignRows([['part', 'state', ''], ...rows]).filter(Boolean) : []),
  ].join('\n');
}
