import path from 'node:path';
import { findCellNamed, readManifest } from '@weightmap/records';
import { Command } from 'commander';
import { workOnParts } from '../attack/campaign.js';
import { finishRun } from './_finish-run.js';
import { cellWork } from '../launchers/cell-work.js';
import { displayStream } from '../launchers/display-stream.js';
import { checkLauncherChoice } from '../launchers/check-choice.js';
import { launchers } from '../launchers/index.js';
import type { LauncherChoice } from '../plan/run-options.js';
import { allowPlugins, pluginWords, requirePlugins } from '../plugins/stored-plugins.js';
import { attackStates } from '../status/attack-states.js';
import { cellStates } from '../status/cell-states.js';
import { startDisplay, type Display } from '../terminal/display.js';
import { EXIT } from '../terminal/exit-codes.js';
import { several } from '../terminal/option-types.js';
import { stopOnSignal } from '../terminal/stop-on-signal.js';
import { addLauncherOptions, launcherChoice } from './_options.js';

export function retryCommand(): Command {
  const command = new Command('retry')
    .argument('<run>', 'folder of the run')
    .option('--plugin <file>', 'plugin of the run that may be used; repeat for several', several)
    .option('--cell <id>', 'only the cell with this id, its beginning, or its number in the list');
  return addLauncherOptions(command, {
    workers: 'processes at a time (default: one a core, as far as memory goes)',
  })
    .addHelpText(
      'after',
      '\nExamples:\n  weightmap retry runs/paper\n  weightmap retry runs/paper --launcher slurm',
    )
    .action(
      async (folder: string, options: Record<string, unknown> & { cell?: string; plugin?: string[] }) => {
        await allowPlugins(options.plugin);
        process.exitCode = await retry(folder, options.cell, launcherChoice(options));
      },
    );
}

async function retry(name: string, id: string | undefined, choice: LauncherChoice): Promise<number> {
  checkLauncherChoice(choice);
  const run = path.resolve(name);
  const display = startDisplay(displayStream(choice.launcher));
  const states = await cellStates(run);
  const named = id !== undefined && findCellNamed({ cells: states.map(({ cell }) => cell) }, id);
  const again = states.filter(({ cell, state }) =>
    named ? cell === named : ['failed', 'stopped'].includes(state),
  );
  const unfinished = again.filter(({ state }) => !['done', 'running', 'queued'].includes(state));
  if (unfinished.length === 0) {
    const code = id === undefined ? await retryAttacks(run, name, { display, choice }) : null;
    if (code === null)
      display.line(id === undefined ? 'no failed or stopped cells' : 'that cell is done, running or queued');
    return code ?? EXIT.done;
  }
  const manifest = await readManifest(run);
  await requirePlugins(
    unfinished.map(({ cell }) => cell),
    run,
    manifest,
  );
  const { launcher, sbatchOptions = [], ...options } = choice;
  const stop = stopOnSignal(display.note);
  const launched = await launchers[launcher].launch(cellWork(run, unfinished), {
    ...options,
    run,
    stop,
    display,
    sbatchOptions,
    plugins: await pluginWords(run, manifest),
  });
  return finishRun(launched, { run, stop, display });
}

/** Continues the parts of attacks that failed or were stopped. @returns the exit code; null if there are none. */
async function retryAttacks(
  run: string,
  name: string,
  { display, choice }: { display: Display; choice: LauncherChoice },
): Promise<number | null> {
  const attacks = await attackStates(run);
  const left = (attacks?.parts ?? []).filter(({ state }) => state !== 'done' && state !== 'running');
  if (!left.some(({ state }) => state === 'failed' || state === 'stopped')) return null;
  const parts = left.map(({ part }) => part);
  return workOnParts(parts, choice, { run, name, display });
}
