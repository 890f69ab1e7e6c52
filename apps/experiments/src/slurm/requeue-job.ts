import { messageOf } from '@weightmap/core';
import { slurmCommand } from './slurm-command.js';

/** How often a job may put itself back into the queue: enough for weeks in portions of an hour. */
const MOST_RESTARTS = 500;

/** Puts the Slurm job that this process runs in back into the queue, where it goes on when its time is up; elsewhere nothing. */
export async function requeueJob(onNote: (note: string) => void): Promise<void> {
  const { SLURM_JOB_ID: job, SLURM_RESTART_COUNT: restarts = '0' } = process.env;
  if (job === undefined) return;
  if (Number(restarts) >= MOST_RESTARTS)
    return onNote(`the job was restarted ${restarts} times: not again; \`weightmap retry\` continues it`);
  // Said first: Slurm may end this process at once.
  onNote('its time is up: put back into the queue');
  await slurmCommand('scontrol', ['requeue', job]).catch((error: unknown) =>
    onNote(`${messageOf(error)}; \`weightmap retry\` continues it`),
  );
}
