import path from 'node:path';
import { Command, Option } from 'commander';
import { positive } from '../_option-types.js';
import { stopOnSignal } from '../_stop-on-signal.js';
import { attackStates } from '../status/attack-states.js';
import { cellStates } from '../status/cell-states.js';
import { finishRun } from '../finish-run.js';
import { EXIT } from '../exit-codes.js';
import { attackWork } from '../launchers/attack-work.js';
import { defaultWorkers } from '../launchers/cores.js';
import { finishAttacks } from './attack.js';
import { cellWork } from '../launchers/cell-work.js';
import { launcherNames, launchers, type LauncherName } from '../launchers/index.js';
import type { LaunchOptions } from '../launchers/launcher.js';
import { findCellNamed } from '../plan/manifest.js';
import { startDisplay, type Display } from '../progress-display.js';

interface Options extends Pick<LaunchOptions, 'workers' | 'threads' | 'image' | 'claim'> {
  launcher: LauncherName;
  cell?: string;
  sbatch?: string[];
}

export function retryCommand(): Command {
  return new Command('retry')
    .argument('<run>', 'folder of the run')
    .option('--cell <id>', 'only the cell with that id, or its beginning, or its place in the list')
    .addOption(
      new Option('--launcher <name>', 'who starts the processes').choices(launcherNames).default('local'),
    )
    .option('--workers <n>', 'cells at a time', positive)
    .option('--threads <n>', 'threads of each', positive, 1)
    .option('--sbatch <options...>', 'passed on to sbatch: partition=long for --partition=long')
    .addHelpText(
      'after',
      '\nExamples:\n  weightmap retry runs/paper\n  weightmap retry runs/paper --launcher slurm',
    )
    .action(async (folder: string, { launcher, cell: id, sbatch, ...options }: Options) => {
      const run = path.resolve(folder);
      const display = startDisplay();
      const states = await cellStates(run);
      const named = id !== undefined && findCellNamed({ cells: states.map(({ cell }) => cell) }, id);
      const again = states.filter(({ cell, state }) =>
        named ? cell === named : ['failed', 'stopped'].includes(state),
      );
      const unfinished = again.filter(({ state }) => !['done', 'running', 'queued'].includes(state));
      if (unfinished.length === 0 && id === undefined) {
        const code = await retryAttacks(run, folder, { display, launcher, sbatch, options });
        if (code !== null) {
          process.exitCode = code;
          return;
        }
      }
      if (unfinished.length === 0) {
        display.line(
          id === undefined ? 'nothing has failed or was stopped' : 'that cell is done or under way',
        );
        return;
      }
      const stop = stopOnSignal(display.note);
      const launched = await launchers[launcher].launch(cellWork(run, unfinished), {
        ...{ run, stop, display, sbatchOptions: sbatch ?? [] },
        ...options,
      });
      process.exitCode = await finishRun(launched, { run, stop, display });
    });
}

/** Goes on with the parts of attacks that failed or were stopped. @returns the exit code; null if there are none. */
async function retryAttacks(
  run: string,
  name: string,
  {
    display,
    launcher,
    sbatch,
    options,
  }: {
    display: Display;
    launcher: LauncherName;
    sbatch?: string[];
    options: Pick<LaunchOptions, 'workers' | 'threads' | 'image' | 'claim'>;
  },
): Promise<number | null> {
  const attacks = await attackStates(run);
  const left = (attacks?.parts ?? []).filter(({ state }) => state !== 'done' && state !== 'running');
  if (!left.some(({ state }) => state === 'failed' || state === 'stopped')) return null;
  const networks = new Set(left.map(({ part }) => part.target.cellId)).size;
  const stop = stopOnSignal(display.note);
  const workers = options.workers ?? (launcher === 'local' ? defaultWorkers(options.threads) : networks);
  const work = await attackWork(
    run,
    left.map(({ part }) => part),
    workers,
  );
  const { finished } = await launchers[launcher].launch(work, {
    ...{ run, stop, display, sbatchOptions: sbatch ?? [] },
    ...options,
  });
  if (!finished) return EXIT.done;
  if (stop.aborted) {
    display.line('stopped; the same command continues from what is stored');
    return EXIT['stopped, continue with the same command'];
  }
  return finishAttacks(run, name, { display });
}
