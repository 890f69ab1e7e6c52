import { execFileSync } from 'node:child_process';
import { messageOf } from '@weightmap/core';

/** How often a job may put itself back into the queue: enough for weeks in portions of an hour. */
const MOST_RESTARTS = 500;

/** Puts the Slurm job that this process runs in back into the queue, where it goes on when its time is up; elsewhere nothing. */
export function requeueJob(onNote: (note: string) => void): void {
  const { SLURM_JOB_ID: job, SLURM_RESTART_COUNT: restarts = '0' } = process.env;
  if (job === undefined) return;
  if (Number(restarts) >= MOST_RESTARTS)
    return onNote(`the job was restarted ${restarts} times: not again; \`weightmap retry\` continues it`);
  try {
    execFileSync('scontrol', ['requeue', job], { stdio: ['ignore', 'ignore', 'pipe'] });
    onNote('its time is up: put back into the queue');
  } catch (error) {
    onNote(
      `its time is up, and Slurm doesn't requeue it (${messageOf(error).trim()}); \`weightmap retry\` continues it`,
    );
  }
}
