import os from 'node:os';
import { UsageError } from '@weightmap/core';
import { count } from '@weightmap/report/text';
import { launcherOptions, type LauncherChoice } from '../plan/run-options.js';
import { launchers } from './index.js';
import type { Launcher } from './launcher.js';

/** More threads than this for each core are a mistake: they only wait for each other. */
const MOST_THREADS_A_CORE = 4;

/**
 * Refuses options that the chosen launcher doesn't use or can't use, and more threads than this machine has any use for.
 *
 * @param choice of a dry run, which starts nothing, no option is missing.
 * @throws UsageError or WeightmapError that names the option.
 */
export function checkLauncherChoice(choice: LauncherChoice & { readonly dryRun?: boolean }): void {
  const launcher: Launcher = launchers[choice.launcher];
  const used: readonly string[] = launcher.uses;
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
  if (!choice.dryRun) launcher.check?.(choice);
  if (choice.launcher !== 'local') return;
  const cores = os.availableParallelism();
  const { threads, workers = 1 } = choice;
  if (threads * workers > MOST_THREADS_A_CORE * cores)
    throw new UsageError(
      `${workers > 1 ? `${workers} processes of ${count(threads, 'thread')}` : count(threads, 'thread')}: this machine has ${count(cores, 'core')}.`,
      {
        where: workers > 1 ? '--workers, --threads' : '--threads',
        expected: `at most ${MOST_THREADS_A_CORE * cores} threads together; one a core is fastest`,
        fix:
          workers > 1
            ? 'leave --workers out: then there is one process for each core; or name fewer --threads'
            : `name at most --threads ${MOST_THREADS_A_CORE * cores}, or leave --threads out`,
      },
    );
}
