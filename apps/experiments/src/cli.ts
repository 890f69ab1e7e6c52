import { Command, CommanderError } from 'commander';
import { WeightmapError } from '@weightmap/core';
import manifest from '../package.json' with { type: 'json' };
import { cellCommand } from './commands/cell.js';
import { benchCommand, benchWorkerCommand } from './commands/bench.js';
import { doctorCommand } from './commands/doctor.js';
import { attackCommand } from './commands/attack.js';
import { cancelCommand } from './commands/cancel.js';
import { exploreCommand } from './commands/explore.js';
import { exportCommand } from './commands/export.js';
import { listCommand } from './commands/list.js';
import { logsCommand } from './commands/logs.js';
import { reportCommand } from './commands/report.js';
import { retryCommand } from './commands/retry.js';
import { runCommand } from './commands/run.js';
import { statusCommand } from './commands/status.js';
import { verifyCommand } from './commands/verify.js';
import { EXIT } from './exit-codes.js';

const program = new Command('weightmap')
  .description(
    'Trains, attacks and reports the networks of the weight map paper (Amer & Maul, arXiv:1905.00568).',
  )
  .version(manifest.version)
  .option('--debug', 'show where in the code an error arose')
  .exitOverride()
  .addCommand(runCommand())
  .addCommand(statusCommand())
  .addCommand(cancelCommand())
  .addCommand(retryCommand())
  .addCommand(logsCommand())
  .addCommand(listCommand())
  .addCommand(reportCommand())
  .addCommand(exploreCommand())
  .addCommand(exportCommand())
  .addCommand(verifyCommand())
  .addCommand(attackCommand())
  .addCommand(doctorCommand())
  .addCommand(cellCommand())
  .addCommand(benchCommand())
  .addCommand(benchWorkerCommand(), { hidden: true })
  .addHelpText(
    'after',
    `
Examples:
  weightmap run quick                    three CNNs on a subset, in minutes
  weightmap run standard --select 'cnn-smooth-*' --trials 1
  weightmap report runs/quick            write the report again from its records
  weightmap verify runs/quick            hold the paper's claims against the records
  weightmap doctor                       which engine runs, where the data is, what to fix

Exit codes: ${Object.entries(EXIT)
      .map(([name, code]) => `${code} ${name}`)
      .join(', ')}.`,
  );
for (const command of program.commands) command.exitOverride();
// A limit on the size of files then is an error of the write, like a full disk, and not the end of the process.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => {});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Says what went wrong in a few lines; returns the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT['wrong usage'];
  const { debug } = program.opts<{ debug?: boolean }>();
  if (error instanceof WeightmapError) {
    console.error(`error: ${error.explain()}`);
    if (debug) console.error(error.stack);
    return EXIT.failed;
  }
  const { message, stack, code } = error as NodeJS.ErrnoException;
  console.error(
    code ? `error: ${fileProblem(code, message)}` : `error: something unexpected happened: ${message}`,
  );
  console.error(debug ? stack : '  (--debug shows where)');
  return EXIT.failed;
}

function fileProblem(code: string, message: string): string {
  const known: Record<string, string> = {
    ENOSPC:
      'the disk is full; nothing that was finished is lost. Free some space, or choose another folder by --out',
    EFBIG: 'a file grew beyond what the system allows here; choose another folder by --out',
    EACCES: 'no permission to write there; choose another folder by --out',
    EROFS: 'that file system is read-only; choose another folder by --out',
    EDQUOT: 'the disk quota is used up; free some space, or choose another folder by --out',
    ENOTDIR: 'a part of that path is a file, not a folder; choose another folder by --out',
  };
  return known[code] ? `${known[code]}\n  where:    ${message}` : message;
}
