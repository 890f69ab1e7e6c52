import { messageOf, plainText, WeightmapError } from '@weightmap/core';
import { Command } from 'commander';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { collectAttacks } from '../attack/results.js';
import { missingRun, readRun } from '@weightmap/records';
import { writeReport } from '@weightmap/report';
import { count } from '@weightmap/report/text';
import { fillCommand } from '../plan/fill-command.js';
import { commandLine } from '../terminal/shell-word.js';
import { print, printError, printJson } from '../terminal/output.js';

export function reportCommand(): Command {
  return new Command('report')
    .argument('[run]', 'folder of the run', 'runs/quick')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  weightmap report runs/standard')
    .action(async (run: string, { json }: { json?: boolean }) => {
      // The last job of attacks on a cluster is this command.
      if (existsSync(path.join(run, 'grid.json')))
        await collectAttacks(path.resolve(run)).catch((error: unknown) =>
          printError(`attacks.json stays as it is: ${messageOf(error)}`),
        );
      const stored = await readRun(run);
      if (stored.records.length === 0 && stored.damaged.length === 0) {
        if (stored.unfinished.length + stored.failed.length === 0)
          throw missingRun(run, path.join(run, 'cells'));
        throw new WeightmapError('There is no record to report yet: no cell of the run has finished.', {
          where: run,
          fix: '`weightmap status` shows the cells',
        });
      }
      const { html, markdown, model } = await writeReport(stored, {
        command: commandLine(),
        fill: fillCommand,
      });
      const report = {
        html,
        markdown,
        records: model.recordCount,
        damaged: model.damaged.length,
        notes: model.notes,
      };
      if (json) printJson(report, { indent: 2 });
      else {
        print(
          `${count(report.records, 'record')}${report.damaged ? `, ${report.damaged} damaged and left out` : ''}`,
        );
        for (const { file, reason } of model.damaged) print(`  ${plainText(file)}: ${plainText(reason)}`);
        for (const note of model.notes) print(`left out: ${plainText(note)}`);
        print(`report: ${report.html}`);
      }
    });
}
