import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { createLogUpdate } from 'log-update';
import { cellStates, type CellStatus } from '../status/cell-states.js';
import { countStates, secondsLeft, statusTable } from '../status/status-table.js';

interface Options {
  json?: boolean;
  watch?: boolean;
  all?: boolean;
}

/** Milliseconds between two looks. */
const LOOK_AGAIN = 2000;

export function statusCommand(): Command {
  return new Command('status')
    .argument('<run>', 'folder of the run')
    .option('--watch', 'look again and again until nothing runs or waits in a queue')
    .option('--all', 'a line for every cell')
    .option('--json', 'an object for programs')
    .addHelpText(
      'after',
      `
States: done; running; queued (a batch system has it); waiting (never begun); stopped (begun, nobody works on it);
failed (for good: \`weightmap retry\`); stale (its folder holds work of another configuration).

Examples:
  weightmap status runs/paper --watch
  weightmap status runs/paper --json | jq '.cells[] | select(.state == "failed") | .reason'`,
    )
    .action(async (run: string, { json, watch, all }: Options) => {
      const live = watch && process.stdout.isTTY && !json ? createLogUpdate(process.stdout) : null;
      let shown = '';
      for (;;) {
        const cells = await cellStates(run);
        const text = json ? JSON.stringify(forPrograms(run, cells)) : statusTable(cells, { all });
        if (live) live(text);
        else if (text !== shown) console.log(text);
        shown = text;
        const { running, queued } = countStates(cells);
        if (!watch || running + queued === 0) break;
        await sleep(LOOK_AGAIN);
      }
      live?.done();
    });
}

const forPrograms = (run: string, cells: readonly CellStatus[]) => ({
  run,
  counts: countStates(cells),
  secondsLeft: secondsLeft(cells),
  cells: cells.map(({ index, id, cell: { variant, dataset, trial }, ...rest }) => ({
    ...{ index, id, variant, dataset: dataset.id, trial },
    ...rest,
  })),
});
