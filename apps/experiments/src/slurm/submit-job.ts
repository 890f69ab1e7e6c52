import { WeightmapError } from '@weightmap/core';
import { slurmCommand } from './slurm-command.js';

/** A submitted job. */
export interface SubmittedJob {
  readonly job: string;
  /** Of several; null for the own one. */
  readonly cluster: string | null;
}

/**
 * The job that `sbatch --parsable` names: a line `id` or `id;cluster`, or the sentence that it prints without that option. Sites let plugins
 * and wrappers print lines of their own before and after it.
 *
 * @returns null if there is no such line, or different ones.
 */
export function jobIn(printed: string): SubmittedJob | null {
  const found = new Map<string, SubmittedJob>();
  for (const line of printed.split(/\r?\n/)) {
    const [, job, cluster = null] =
      /^(\d+)(?:;([\w.-]+))?$/.exec(line.trim()) ??
      /^Submitted batch job (\d+)(?: on cluster ([\w.-]+))?$/.exec(line.trim()) ??
      [];
    if (job !== undefined && Number(job) > 0) found.set(`${job};${cluster ?? ''}`, { job, cluster });
  }
  const [only, ...others] = found.values();
  return only && others.length === 0 ? only : null;
}

/**
 * Submits a script as a job. If the id can't be read, or Slurm's answer was lost, the job is looked for in the queue by its name.
 *
 * @param name of the job, used for no other.
 * @throws WeightmapError if Slurm refuses it, or its id can't be found.
 */
export async function submitJob(
  script: string,
  { name, args }: { name: string; args: readonly string[] },
): Promise<SubmittedJob> {
  const clusters = args.filter((option) => option.startsWith('--clusters='));
  let printed: string;
  try {
    printed = await slurmCommand(
      'sbatch',
      ['--parsable', `--job-name=${name}`, ...args],
      `#!/bin/bash\n${script}\n`,
    );
  } catch (error) {
    // After a timeout the job may have been submitted all the same.
    const found = await jobNamed(name, clusters);
    if (found) return found;
    throw error;
  }
  const job = jobIn(printed) ?? (await jobNamed(name, clusters));
  if (job) return job;
  throw new WeightmapError("Slurm took a job, but its id can't be found.", {
    where: `sbatch printed ${JSON.stringify(printed.trim().slice(0, 500))}`,
    expected: 'a line with the id, as `sbatch --parsable` prints it',
    fix: `see what \`squeue --name=${name}\` shows; \`scancel --name=${name}\` removes the job, then submit again`,
  });
}

/** The only job of a name in the queue; null if there is none, or several. */
async function jobNamed(name: string, clusters: readonly string[]): Promise<SubmittedJob | null> {
  const args = ['-h', ...clusters, '--states=all', `--name=${name}`, '-o', '%F|%j'];
  const text = await slurmCommand('squeue', args).catch(() => '');
  const jobs = new Set<string>();
  for (const line of text.split(/\r?\n/)) {
    const [, job, called] = /^(\d+)\|(.*)$/.exec(line.trim()) ?? [];
    if (job !== undefined && called === name) jobs.add(job);
  }
  const [only, ...others] = jobs;
  return only !== undefined && others.length === 0
    ? { job: only, cluster: clusters[0]?.split('=')[1] ?? null }
    : null;
}
