import { UsageError, WeightmapError } from '@weightmap/core';
import { EXIT } from './exit-codes.js';
import { printError } from './output.js';

/** Prints an error in a few lines; with `debug` its stack too. @returns the exit code. */
export function explain(error: unknown, { debug }: { debug: boolean }): number {
  if (error instanceof WeightmapError) {
    printError(`error: ${error.explain()}`);
    if (debug) printError(String(error.stack));
    return error instanceof UsageError ? EXIT['wrong usage'] : EXIT.failed;
  }
  const { message, stack, code } = error as NodeJS.ErrnoException;
  printError(code ? `error: ${fileProblem(code, message)}` : `error: unexpected error: ${message}`);
  printError(debug ? String(stack) : '  (--debug shows the stack)');
  return EXIT.failed;
}

function fileProblem(code: string, message: string): string {
  const known: Record<string, string> = {
    ENOSPC: 'the disk is full; finished results are kept',
    EFBIG: 'a file is larger than the system allows here',
    EACCES: 'no permission to write there',
    EROFS: 'the file system is read-only',
    EDQUOT: 'the disk quota is used up',
    ENOTDIR: 'a part of the path is a file, not a folder',
  };
  const fix = process.argv.includes('--out')
    ? 'choose another folder with --out'
    : 'free some space or make the folder writable, or work on a copy of the run in another place';
  return known[code] ? `${known[code]}\n  where:    ${message}\n  do:       ${fix}` : message;
}
