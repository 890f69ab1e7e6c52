import { readRun } from '@weightmap/records';
import colours from 'picocolors';
import { commandLine } from '../terminal/shell-word.js';
import { EXIT } from '../terminal/exit-codes.js';
import type { Launched } from '../launchers/launcher.js';
import type { Display } from '../terminal/display.js';
import { terminalTable, writeReport } from '@weightmap/report';
import { fillCommand } from '../plan/fill-command.js';

/** What follows when a launcher has returned: the report if the cells were worked on, and the exit code. */
export async function finishRun(
  { finished, failures }: Launched,
  { run, stop, display }: { run: string; stop: AbortSignal; display: Display },
): Promise<number> {
  if (!finished) return EXIT.done;
  await printResult(run, display);
  if (stop.aborted) {
    display.line('stopped; the same command continues from the last checkpoints');
    return EXIT['stopped, continue with the same command'];
  }
  for (const failure of failures) display.line(`${colours.red('failed')} ${failure}`);
  return failures.length ? EXIT.failed : EXIT.done;
}

async function printResult(folder: string, display: Display): Promise<void> {
  const run = await readRun(folder);
  for (const { file, reason } of run.damaged) display.note(`damaged record left out: ${file} (${reason})`);
  for (const note of run.notes) display.note(`left out: ${note}`);
  if (run.records.length === 0) return;
  const { html, model } = await writeReport(run, {
    command: commandLine(),
    fill: fillCommand,
  });
  display.line(`\n${terminalTable(model, { colour: colours.isColorSupported })}`);
  display.line(`\nreport: ${html}`);
}
