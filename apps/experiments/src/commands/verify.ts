import { existsSync } from 'node:fs';
import path from 'node:path';
import { missingRun, readRecords, type RunRecords } from '@weightmap/records';
import { Command } from 'commander';
import colours from 'picocolors';
import {
  claimLines,
  comparisonLines,
  missingTable,
  powerRows,
  powerTable,
  verdictTable,
  verify,
  type Fill,
  type Verdict,
  type Verification,
} from '@weightmap/report';
import { count, list, plain } from '@weightmap/report/text';
import { fillCommand } from '../plan/fill-command.js';
import { print, printJson } from '../terminal/output.js';

interface Options {
  json?: boolean;
  all?: boolean;
}

const painted: Readonly<Record<Verdict, (text: string) => string>> = {
  supported: colours.green,
  contradicted: colours.red,
  undecided: (text) => text,
};

export function verifyCommand(): Command {
  return new Command('verify')
    .argument('<run>', 'folder of the run')
    .option('--json', 'print JSON, with every comparison')
    .option('--all', 'print every comparison of each claim')
    .addHelpText(
      'after',
      `
A claim is made of comparisons, each a difference of means over trials with Welch's 95 % interval. It is
  supported     if each comparison agrees: its whole interval lies where the claim says
  contradicted  if one disagrees, at a level that Holm's method corrects for their number
  undecided     otherwise: with one trial always
Only records that were trained and tested on almost all images of the paper's datasets count.

Power is the chance that this many trials support a claim that is true. The number of trials is fixed
before a run: for more of them, start a new run with another --trials, in another folder.

The exit code says whether the records could be read, not what they say.

Examples:
  weightmap verify runs/standard
  weightmap verify runs/standard --json | jq '.claims[] | {id, verdict}'`,
    )
    .action(async (run: string, { json, all }: Options) => {
      const stored = await recordsIn(run);
      const records = stored.records.map(({ record }) => record);
      const verification = verify(records);
      const fill = fillCommand(records, verification.claims, run);
      if (json)
        printJson(
          {
            run,
            records: records.length,
            damaged: stored.damaged,
            ...verification,
            fill,
            power: powerRows(verification.claims),
          },
          { indent: 2 },
        );
      else printVerification(verification, { run, stored, fill, all });
    });
}

async function recordsIn(run: string): Promise<RunRecords> {
  const cells = path.join(run, 'cells');
  if (!existsSync(cells)) throw missingRun(run, cells);
  return readRecords(run);
}

function printVerification(
  { claims, leftAside, notEvidence }: Verification,
  {
    run,
    stored: { records, damaged },
    fill,
    all,
  }: { run: string; stored: RunRecords; fill: Fill | null; all?: boolean },
): void {
  const width = Math.min(process.stdout.columns || 100, 120);
  const tally = (['supported', 'contradicted', 'undecided'] as const).map(
    (verdict) => `${claims.filter((claim) => claim.verdict === verdict).length} ${verdict}`,
  );
  print(`${count(records.length, 'record')} in ${run}: of ${claims.length} claims ${list(tally)}`);
  for (const { file, reason } of damaged) print(`damaged record left out: ${plain(file)} (${plain(reason)})`);
  if (leftAside > 0)
    print(
      `${count(leftAside, 'record')} left out: trained or measured under other conditions than the rest of the dataset`,
    );
  for (const { reason, records: number } of notEvidence)
    print(`${count(number, 'record')} left out: ${plain(reason)}: not evidence`);
  print(`\n${verdictTable(claims, { paint: (text, verdict) => painted[verdict](text) })}`);
  print(`\n${all ? comparisonLines(claims) : claimLines(claims, width)}`);
  const missing = missingTable(claims);
  if (missing) print(`\nMissing results of the undecided claims:\n${missing}`);
  if (fill) print(`\nTo make them:\n  ${fill.command}`);
  print(`\nPower: the chance that n trials support a claim that is true\n${powerTable(powerRows(claims))}`);
}
