import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { shellWord } from '../_shell-word.js';
import { writeSubmission, type SlurmSubmission } from '../submissions.js';
import type { Launcher } from './launcher.js';

/** Where Slurm's own output of jobs goes, in the run's folder. */
export const SLURM_LOGS = 'logs';

/** Seconds before the end of a job's time at which its worker is told to stop. */
const WARNING_SECONDS = 300;

/**
 * Hands cells to Slurm as a job array, and returns.
 *
 * A job is one cell. It goes on by itself: after preemption, because Slurm puts it back into the queue, and at the end of its
 * time, because its worker does so after a checkpoint (`slurm-job.ts`). A last job writes the report.
 */
export const slurm: Launcher = {
  description: 'a job array of a Slurm cluster; returns when it is submitted',
  async launch(cells, { run, workers, threads, display, sbatchOptions }) {
    if (cells.length === 0) return { finished: true, failures: [] };
    await mkdir(path.join(run, SLURM_LOGS), { recursive: true });
    const submission: SlurmSubmission = {
      ...{ launcher: 'slurm', at: new Date().toISOString(), arrays: [], report: null },
    };
    const command = [process.execPath, process.argv[1]].map(shellWord).join(' ');
    // Slurm replaces % and a letter in the names of files.
    const logs = path.join(run, SLURM_LOGS).replaceAll('%', '%%');
    const options = sbatchOptions.map((option) => `--${option}`);
    try {
      for (const { offset, tasks } of portions(
        cells.map(({ index }) => index),
        maxArraySize(),
      )) {
        // `exec`, for only the batch shell itself gets the signal.
        const script = `exec ${command} cell --run ${shellWord(run)} --index $((SLURM_ARRAY_TASK_ID + ${offset})) --threads ${threads}`;
        const { job, cluster } = sbatch(script, [
          ...['--job-name=weightmap', `--array=${tasks}${workers === undefined ? '' : `%${workers}`}`],
          ...['--requeue', '--open-mode=append', `--signal=B:USR2@${WARNING_SECONDS}`],
          ...[`--cpus-per-task=${threads}`, `--chdir=${run}`, `--output=${logs}/slurm-%A_%a.log`],
          ...options,
        ]);
        submission.arrays.push({ job, cluster, offset });
      }
      const after = submission.arrays.map(({ job }) => job).join(':');
      submission.report = sbatch(`exec ${command} report ${shellWord(run)}`, [
        ...['--job-name=weightmap-report', `--dependency=afterany:${after}`],
        ...[`--chdir=${run}`, `--output=${logs}/report-%j.log`],
        ...options.filter((option) => !/^--(time|signal|array)=/.test(option)),
      ]).job;
    } finally {
      // What was submitted must be found again, even if the rest was refused.
      if (submission.arrays.length > 0) await writeSubmission(run, submission);
    }
    const jobs = submission.arrays.map(({ job }) => job).join(', ');
    display.line(
      `submitted to Slurm: job ${jobs} with ${cells.length} cells, then job ${submission.report} for the report`,
    );
    display.line(`follow it by: weightmap status ${shellWord(run)} --watch`);
    return { finished: false, failures: [] };
  },
};

/** Task numbers must be below MaxArraySize: a list of cells longer than that is cut, and each part begins at its offset. */
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

function maxArraySize(): number {
  const found = /^MaxArraySize\s*=\s*(\d+)/m.exec(call('scontrol', ['show', 'config']))?.[1];
  return Number(found ?? 1001);
}

/** `--parsable` prints `id` or `id;cluster`. */
function sbatch(script: string, args: readonly string[]): { job: string; cluster: string | null } {
  const [job, cluster = null] = call('sbatch', ['--parsable', ...args], `#!/bin/bash\n${script}\n`)
    .trim()
    .split(';');
  return { job, cluster };
}

/** Runs one of Slurm's commands. */
export function call(command: string, args: readonly string[], input?: string): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT')
      throw new WeightmapError(`There is no command ${command} here.`, {
        expected: "a machine with Slurm's client commands",
        fix: 'log in where jobs are submitted, or use --launcher local',
      });
    throw new WeightmapError(`Slurm refused: ${(stderr || messageOf(error)).trim()}`, {
      where: `${command} ${args.join(' ')}`,
      fix: 'options of your site, such as a partition or an account, are passed on by --sbatch partition=… account=…',
    });
  }
}

/** A job's state as `squeue` knows it. */
export interface QueuedTask {
  /** In the run's list of cells. */
  readonly index: number;
  /** `PENDING`, `RUNNING`, … */
  readonly state: string;
  readonly reason: string;
}

/** What of a submission is still in the queue, running or not; nothing where Slurm can't be asked. */
export function queuedTasks({ arrays }: Pick<SlurmSubmission, 'arrays'>): QueuedTask[] {
  return arrays.flatMap(({ job, cluster, offset }) => {
    let text: string;
    try {
      const where = cluster === null ? [] : [`--clusters=${cluster}`];
      text = call('squeue', ['-h', '-r', ...where, '-j', job, '-o', '%i|%T|%r']);
    } catch {
      return []; // squeue fails for jobs that it has forgotten
    }
    return text
      .split('\n')
      .map((line) => /^\d+_(\d+)\|(\w+)\|(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, task, state, reason]) => ({ index: Number(task) + offset, state, reason }));
  });
}

/** Cancels whole arrays, or the tasks of some cells. */
export function cancelTasks({ arrays, report }: SlurmSubmission, indices: ReadonlySet<number> | null): void {
  for (const { job, cluster, offset } of arrays) {
    const where = cluster === null ? [] : [`--clusters=${cluster}`];
    if (indices === null) call('scancel', [...where, job]);
    else
      for (const { index } of queuedTasks({ arrays: [{ job, cluster, offset }] }))
        if (indices.has(index)) call('scancel', [...where, `${job}_${index - offset}`]);
  }
  if (indices === null && report !== null) call('scancel', [report]);
}
