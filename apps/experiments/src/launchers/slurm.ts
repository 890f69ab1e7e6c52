import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { shellWord } from '../terminal/shell-word.js';
import { writeSubmission, type SlurmSubmission } from './submissions.js';
import type { Launcher } from './launcher.js';
import { slurmCommand } from '../slurm/slurm-command.js';

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
  async launch({ kind, command: word, items, total }, { run, workers, threads, display, sbatchOptions }) {
    if (items.length === 0) return { finished: true, failures: [] };
    await mkdir(path.join(run, SLURM_LOGS), { recursive: true });
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
    const options = sbatchOptions.map((option) => `--${option}`);
    try {
      for (const { offset, tasks } of portions(
        items.map(({ index }) => index),
        await maxArraySize(),
      )) {
        // `exec`, because only the batch shell itself gets the signal. It is ignored until the worker handles it.
        const script = `trap '' USR2\nexec ${command} ${word} --run ${shellWord(run)} --index $((SLURM_ARRAY_TASK_ID + ${offset})) --threads ${threads}`;
        const { job, cluster } = await sbatch(script, [
          '--job-name=weightmap',
          `--array=${tasks}${workers === undefined ? '' : `%${workers}`}`,
          '--requeue',
          '--open-mode=append',
          `--signal=B:USR2@${WARNING_SECONDS}`,
          `--cpus-per-task=${threads}`,
          `--chdir=${run}`,
          `--output=${logs}/slurm-%A_%a.log`,
          ...options,
        ]);
        submission.arrays.push({ job, cluster, offset });
      }
      const after = submission.arrays.map(({ job }) => job).join(':');
      const report = await sbatch(`exec ${command} report ${shellWord(run)}`, [
        '--job-name=weightmap-report',
        `--dependency=afterany:${after}`,
        `--chdir=${run}`,
        `--output=${logs}/report-%j.log`,
        ...options.filter((option) => !/^--(time|signal|array)=/.test(option)),
      ]);
      submission.report = report.job;
    } finally {
      // Jobs that were submitted must be found later, even if Slurm refused the others.
      if (submission.arrays.length > 0) await writeSubmission(run, submission);
    }
    const jobs = submission.arrays.map(({ job }) => job).join(', ');
    display.line(
      `submitted to Slurm: job ${jobs} with ${total.count} ${total.noun}s${items.length === total.count ? '' : ` for ${items.length} workers`}, then job ${submission.report} for the report`,
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
  const found = /^MaxArraySize\s*=\s*(\d+)/m.exec(config)?.[1];
  return Number(found ?? 1001);
}

/** `--parsable` prints `id` or `id;cluster`. */
async function sbatch(
  script: string,
  args: readonly string[],
): Promise<{ job: string; cluster: string | null }> {
  const printed = await slurmCommand('sbatch', ['--parsable', ...args], `#!/bin/bash\n${script}\n`);
  const [job, cluster = null] = printed.trim().split(';');
  return { job, cluster };
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
  for (const { job, cluster, offset } of arrays) {
    const args = ['-h', '-r', ...onCluster(cluster), '-j', job, '-o', '%i|%T|%r'];
    const text = await slurmCommand('squeue', args).catch(() => ''); // fails for jobs that Slurm has forgotten
    for (const line of text.split('\n')) {
      const [, task, state, reason] = /^\d+_(\d+)\|(\w+)\|(.*)$/.exec(line) ?? [];
      if (task !== undefined) tasks.push({ index: Number(task) + offset, state, reason });
    }
  }
  return tasks;
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
    const queued = (await queuedTasks({ arrays: [array] })).map(({ index }) => index);
    const chosen = indices === null ? queued : queued.filter((index) => indices.has(index));
    if (indices !== null) for (const index of chosen) await cancel(`${job}_${index - offset}`);
    else if (chosen.length > 0) await cancel(job);
    cancelled.push(...chosen);
  }
  // The report's job may have ended already.
  if (indices === null && report !== null) await slurmCommand('scancel', [report]).catch(() => {});
  return cancelled;
}

const onCluster = (cluster: string | null) => (cluster === null ? [] : [`--clusters=${cluster}`]);
