import { messageOf } from '@weightmap/core';
import { slurmCommand } from './slurm-command.js';

/** The most times that a job requeues itself: enough for weeks in portions of an hour. */
const MOST_RESTARTS = 500;

/** Requeues the Slurm job of this process, so that it continues after the end of its time. Does nothing outside Slurm. */
export async function requeueJob(onNote: (note: string) => void): Promise<void> {
  const { SLURM_JOB_ID: job, SLURM_RESTART_COUNT: restarts = '0' } = process.env;
  if (job === undefined) return;
  if (Number(restarts) >= MOST_RESTARTS)
    return onNote(
      `the job was restarted ${restarts} times and is not requeued again; \`weightmap retry\` continues it`,
    );
  // The note comes first, because Slurm may end this process at once.
  onNote('its time is up: requeued');
  await slurmCommand('scontrol', ['requeue', job]).catch((error: unknown) =>
    onNote(`${messageOf(error)}; \`weightmap retry\` continues it`),
  );
}
