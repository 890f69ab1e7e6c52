import { CommanderError } from 'commander';
import { EXIT } from './terminal/exit-codes.js';
import { buildProgram } from './program.js';

// A limit on the size of files then is an error of the write, like a full disk, and not the end of the process.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => {});

try {
  const program = await buildProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  process.exitCode = await exitCodeOf(error);
}

async function exitCodeOf(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT['wrong usage'];
  // Not loaded before: what it needs takes longer to load than a wrong word takes to be said.
  const { explain } = await import('./terminal/explain.js');
  return explain(error, { debug: process.argv.includes('--debug') });
}
