import os from 'node:os';
import { UsageError } from '@weightmap/core';
import { count } from '@weightmap/report/text';
import { launcherOptions, type LauncherChoice } from '../plan/run-options.js';
import { launchers } from './index.js';

/** More threads than this for each core are a mistake: they only wait for each other. */
const MOST_THREADS_A_CORE = 4;

/**
 * Refuses options that the chosen launcher doesn't use, and more threads than this machine has any use for.
 *
 * @throws UsageError that names the option.
 */
export function checkLauncherChoice(choice: LauncherChoice): void {
  const used: readonly string[] = launchers[choice.launcher].uses;
  for (const name of ['sbatchOptions', 'image', 'claim'] as const) {
    if (choice[name] === undefined || used.includes(name)) continue;
    const of = Object.entries(launchers).find(([, { uses }]) =>
      (uses as readonly string[]).includes(name),
    )![0];
    const flag = launcherOptions[name].flag.split(' ')[0];
    throw new UsageError(`${flag} has no effect with --launcher ${choice.launcher}.`, {
      where: flag,
      fix: `leave it out, or add --launcher ${of}`,
    });
  }
  if (choice.launcher !== 'local') return;
  const cores = os.availableParallelism();
  const { threads, workers = 1 } = choice;
  if (threads * workers > MOST_THREADS_A_CORE * cores)
    throw new UsageError(
      `${workers > 1 ? `${workers} processes of ${count(threads, 'thread')}` : count(threads, 'thread')}: this machine has ${count(cores, 'core')}.`,
      {
        where: workers > 1 ? '--workers, --threads' : '--threads',
        expected: `at most ${MOST_THREADS_A_CORE * cores} threads together; one a core is fastest`,
        fix: 'leave --workers out: then there is one process for each core',
      },
    );
}
