import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { attackStates, attackStatusTable, countParts, type AttackStatus } from '../status/attack-states.js';
import { cellStates, type CellStatus } from '../status/cell-states.js';
import { isOutputClosed } from '../terminal/closed-output.js';
import { countStates, secondsLeft, statusTable } from '../status/status-table.js';
import { liveLines } from '../terminal/live-lines.js';
import { jsonText, print } from '../terminal/output.js';

interface Options {
  json?: boolean;
  watch?: boolean;
  all?: boolean;
}

/** Milliseconds between two updates. */
const LOOK_AGAIN = 2000;

export function statusCommand(): Command {
  return new Command('status')
    .argument('<run>', 'folder of the run')
    .option('--watch', 'update until nothing is running or queued')
    .option('--all', 'list every cell')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
States: done; running; queued (in a batch system); waiting (not started); stopped (started, no process works on it);
failed (\`weightmap retry\` tries again); stale (its folder holds results of another configuration).
If the networks are attacked, the parts of the campaign are counted as well.

Examples:
  weightmap status runs/paper --watch
  weightmap status runs/paper --json | jq '.cells[] | select(.state == "failed") | .reason'`,
    )
    .action(async (run: string, { json, watch, all }: Options) => {
      const live = watch && process.stdout.isTTY && !json ? liveLines(process.stdout) : null;
      let shown = '';
      for (;;) {
        const cells = await cellStates(run);
        const attacks = await attackStates(run);
        const tables = [statusTable(cells, { all }), attacks && attackStatusTable(attacks, { all })];
        const text = json ? jsonText(jsonOf(run, cells, attacks)) : tables.filter(Boolean).join('\n');
        if (live) live(text);
        else if (text !== shown) print(text);
        shown = text;
        const { running, queued } = countStates(cells);
        const attacking = attacks ? countParts(attacks).running + attacks.queued : 0;
        if (!watch || running + queued + attacking === 0 || isOutputClosed()) break;
        await sleep(LOOK_AGAIN);
      }
      live?.done();
    });
}

const jsonOf = (run: string, cells: readonly CellStatus[], attacks: AttackStatus | null) => ({
  run,
  counts: countStates(cells),
  secondsLeft: secondsLeft(cells),
  cells: cells.map(({ index, id, cell: { variant, dataset, trial }, ...rest }) => ({
    index,
    id,
    variant,
    dataset: dataset.id,
    trial,
    ...rest,
  })),
  ...(attacks && {
    attacks: {
      counts: countParts(attacks),
      queued: attacks.queued,
      secondsLeft: attacks.secondsLeft,
      parts: attacks.parts.map(({ part: { index, name, target }, ...rest }) => ({
        index,
        name,
        cellId: target.cellId,
        ...rest,
      })),
    },
  }),
});
