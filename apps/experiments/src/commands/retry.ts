import path from 'node:path';
import { Command, Option } from 'commander';
import { positive } from '../_option-types.js';
import { stopOnSignal } from '../_stop-on-signal.js';
import { cellStates } from '../status/cell-states.js';
import { finishRun } from '../finish-run.js';
import { cellWork } from '../launchers/cell-work.js';
import { launcherNames, launchers, type LauncherName } from '../launchers/index.js';
import type { LaunchOptions } from '../launchers/launcher.js';
import { findCellNamed } from '../plan/manifest.js';
import { startDisplay } from '../progress-display.js';

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
      if (unfinished.length === 0) {
        display.line(
          id === undefined ? 'no cell has failed or was stopped' : 'that cell is done or under way',
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
