import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { confine } from '@weightmap/core/files';
import { count } from '@weightmap/report/text';
import { shellWord } from '../terminal/shell-word.js';
import { writeSubmission, type SlurmSubmission } from './submissions.js';
import type { Launcher } from './launcher.js';
import { slurmCommand } from '../slurm/slurm-command.js';
import { submitJob } from '../slurm/submit-job.js';

/** The folder of the jobs' output files, in the run's folder. */
export const SLURM_LOGS = 'logs';

/** The worker is asked to stop so many seconds before the end of its job's time. */
const WARNING_SECONDS = 300;

/**
 * Submits work to Slurm as a job array, and returns.
 *
 * A job is one cell, or one worker of a campaign. It continues by itself: after preemption, because Slurm requeues it; and at
 * the end of its time, because its worker requeues it after a checkpoint (`requeue-job.ts`). A last job writes the report.
 */
export const slurm: Launcher = {
  description: 'a job array on a Slurm cluster; returns when it is submitted',
  uses: ['sbatchOptions'],
  async launch(
    { kind, command: word, items, total },
    { run, workers, threads, plugins, display, sbatchOptions },
  ) {
    if (items.length === 0) return { finished: true, failures: [] };
    await mkdir(confine(run, path.join(run, SLURM_LOGS)), { recursive: true });
    const submission: SlurmSubmission = {
      launcher: 'slurm',
      kind,
      at: new Date().toISOString(),
      arrays: [],
      report: null,
    };
    const command = [process.execPath, process.argv[1]].map(shellWord).join(' ');
    // Slurm replaces % and a letter in file names.
    const logs = path.join(run, SLURM_LOGS).replaceAll('%', '%%');
    const options = sbatchOptions
      .filter((option) => !option.startsWith('job-name='))
      .map((option) => `--${option}`);
    const given = sbatchOptions
      .findLast((option) => option.startsWith('job-name='))
      ?.slice('job-name='.length);
    // By its name a job is found again if sbatch doesn't say its id: no other has it.
    const name = `${given ?? 'weightmap'}-${randomUUID().slice(0, 8)}`;
    try {
      for (const { offset, tasks } of portions(
        items.map(({ index }) => index),
        await maxArraySize(),
      )) {
        // `exec`, because only the batch shell itself gets the signal. It is ignored until the worker handles it.
        const script = `trap '' USR2\nexec ${command} ${word} --run ${shellWord(run)} --index $((SLURM_ARRAY_TASK_ID + ${offset})) --threads ${threads}${plugins.map((word) => ` ${shellWord(word)}`).join('')}`;
        const { job, cluster } = await submitJob(script, {
          name: offset === 0 ? name : `${name}-${offset}`,
          args: [
            `--array=${tasks}${workers === undefined ? '' : `%${workers}`}`,
            '--requeue',
            '--open-mode=append',
            `--signal=B:USR2@${WARNING_SECONDS}`,
            `--cpus-per-task=${threads}`,
            `--chdir=${run}`,
            `--output=${logs}/slurm-%A_%a.log`,
            ...options,
          ],
        });
        submission.arrays.push({ job, cluster, offset });
      }
      const after = submission.arrays.map(({ job }) => job).join(':');
      const report = await submitJob(`exec ${command} report ${shellWord(run)}`, {
        name: `${name}-report`,
        args: [
          `--dependency=afterany:${after}`,
          `--chdir=${run}`,
          `--output=${logs}/report-%j.log`,
          ...options.filter((option) => !/^--(time|signal|array)=/.test(option)),
        ],
      });
      submission.report = report.job;
    } finally {
      // Jobs that were submitted must be found later, even if Slurm refused the others.
      if (submission.arrays.length > 0) await writeSubmission(run, submission);
    }
    const jobs = submission.arrays.map(({ job }) => job).join(', ');
    display.line(
      `submitted to Slurm: job ${jobs} with ${count(total.count, total.noun)}${items.length === total.count ? '' : ` for ${count(items.length, 'worker')}`}, then job ${submission.report} for the report`,
    );
    display.line(`to follow it: weightmap status ${shellWord(run)} --watch`);
    return { finished: false, failures: [] };
  },
};

/** Cuts a list of cells into arrays: task numbers must be below MaxArraySize, so each array begins at an offset. */
export function* portions(
  indices: readonly number[],
  maxArraySize: number,
): Generator<{ offset: number; tasks: string }> {
  const parts = [...new Set(indices.map((index) => Math.floor(index / maxArraySize)))].sort((a, b) => a - b);
  for (const part of parts) {
    const offset = part * maxArraySize;
    const tasks = indices.map((index) => index - offset).filter((task) => task >= 0 && task < maxArraySize);
    yield { offset, tasks: ranges(tasks) };
  }
}

/** `0-3,7` for 0, 1, 2, 3, 7. */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && n === last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

async function maxArraySize(): Promise<number> {
  const config = await slurmCommand('scontrol', ['show', 'config']);
  const found = Number(/^\s*MaxArraySize\s*=\s*(\d+)\s*$/m.exec(config)?.[1] ?? 1001);
  if (found === 0)
    throw new WeightmapError('This Slurm takes no job arrays.', {
      where: 'scontrol show config: MaxArraySize = 0',
      fix: 'use another launcher, or start `weightmap cell --run <folder> --index <n>` yourself',
    });
  return found;
}

/** A task's state in `squeue`. */
export interface QueuedTask {
  /** The number of the cell in the run's list, or of the worker. */
  readonly index: number;
  /** `PENDING`, `RUNNING`, … */
  readonly state: string;
  readonly reason: string;
}

/** The tasks of a submission that wait in the queue or run; none if Slurm can't be reached. */
export async function queuedTasks({ arrays }: Pick<SlurmSubmission, 'arrays'>): Promise<QueuedTask[]> {
  const tasks: QueuedTask[] = [];
  for (const array of arrays) tasks.push(...((await tasksOf(array)) ?? []));
  return tasks;
}

/** The tasks of an array in the queue; null if Slurm doesn't say. */
async function tasksOf({
  job,
  cluster,
  offset,
}: SlurmSubmission['arrays'][number]): Promise<QueuedTask[] | null> {
  const args = ['-h', '-r', ...onCluster(cluster), '-j', job, '-o', '%i|%T|%r'];
  let text: string;
  try {
    text = await slurmCommand('squeue', args);
  } catch (error) {
    return /invalid job id/i.test(messageOf(error)) ? [] : null; // Slurm has forgotten the job
  }
  const tasks = new Map<number, QueuedTask>();
  for (const line of text.split(/\r?\n/)) {
    const [, id, task, state, reason] = /^(\d+)_(\d+)\|([A-Z_]+)\|(.*)$/.exec(line.trim()) ?? [];
    if (id === job) tasks.set(Number(task), { index: Number(task) + offset, state, reason });
  }
  return [...tasks.values()];
}

/**
 * Cancels all arrays of a submission, or only the tasks with some numbers.
 *
 * @returns the numbers of the tasks that waited in the queue or ran.
 */
export async function cancelTasks(
  { arrays, report }: SlurmSubmission,
  indices: ReadonlySet<number> | null,
): Promise<number[]> {
  const cancelled: number[] = [];
  for (const array of arrays) {
    const { job, cluster, offset } = array;
    const cancel = (id: string) => slurmCommand('scancel', [...onCluster(cluster), id]);
    const tasks = await tasksOf(array);
    if (tasks === null && indices === null) {
      await cancel(job);
      continue;
    }
    const queued = (tasks ?? []).map(({ index }) => index);
    const chosen = indices === null ? queued : queued.filter((index) => indices.has(index));
    if (indices !== null) for (const index of chosen) await cancel(`${job}_${index - offset}`);
    else if (chosen.length > 0) await cancel(job);
    cancelled.push(...chosen);
  }
  // The report's job may have ended already.
  if (indices === null && report !== null)
    await slurmCommand('scancel', [...onCluster(arrays[0]?.cluster ?? null), report]).catch(() => {});
  return cancelled;
}

const onCluster = (cluster: string | null) => (cluster === null ? [] : [`--clusters=${cluster}`]);
