import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { WeightmapError } from '@weightmap/core';

const ATTEMPTS = 6;

/**
 * Runs a Slurm command, and repeats it if Slurm asks for that: a job that just starts or ends can't be changed for a second.
 *
 * @returns its output.
 * @throws WeightmapError if there is no such command, or if Slurm refuses it.
 */
export async function slurmCommand(command: string, args: readonly string[], input = ''): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const { code, stdout, stderr } = await run(command, args, input);
    if (code === 0) return stdout;
    if (/try again/i.test(stderr) && attempt < ATTEMPTS) {
      await sleep(1000);
      continue;
    }
    throw new WeightmapError(`Slurm refused: ${stderr.trim() || `exit code ${code}`}`, {
      where: `${command} ${args.join(' ')}`,
      fix: 'pass options that your site needs, such as a partition or an account: --sbatch partition=… account=…',
    });
  }
}

/** Without the user's defaults for `squeue`, which can hide jobs. */
const withoutDefaults = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SQUEUE_')));

async function run(command: string, args: readonly string[], input: string) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: withoutDefaults() });
  child.stdin.on('error', () => {}); // it may end without reading its input
  child.stdin.end(input);
  try {
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new WeightmapError(`There is no command ${command} on this machine.`, {
      expected: "a machine with Slurm's client commands",
      fix: 'log in to a machine where jobs are submitted, or use --launcher local',
    });
  }
}
