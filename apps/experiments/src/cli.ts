import { CommanderError } from 'commander';
import { EXIT } from './terminal/exit-codes.js';
import { outliveHangup } from './terminal/hangup.js';
import { outliveClosedOutput } from './terminal/closed-output.js';
import { buildProgram } from './program.js';

// Beyond a limit on the size of files, the write fails as on a full disk, instead of ending the process.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => {});
outliveClosedOutput();
outliveHangup();

try {
  const program = await buildProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  process.exitCode = await exitCodeOf(error);
}

async function exitCodeOf(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT['wrong usage'];
  // Loaded only here: its dependencies would slow down the message about a wrong argument.
  const { explain } = await import('./terminal/explain.js');
  return explain(error, { debug: process.argv.includes('--debug') });
}
