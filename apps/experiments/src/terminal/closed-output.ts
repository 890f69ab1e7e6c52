import { messageOf } from '@weightmap/core';
import { EXIT } from './exit-codes.js';
import { printError } from './output.js';

/** The reader of a pipe has ended (`weightmap … | head`), or the terminal was closed. */
const GONE = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

let nobodyReads = false;

/** Whether standard output has no reader any more: a command that only prints has nothing left to do then. */
export const isOutputClosed = (): boolean => nobodyReads;

/**
 * Makes this process go on when its output has no reader any more: the command does its work silently, and its exit code is that of the
 * work. Output that can't be stored, as on a full disk, is named once on standard error, and the exit code is then at least 1.
 */
export function outliveClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (GONE.has(error.code ?? '')) nobodyReads = true;
    else complain(error);
  });
  process.stderr.on('error', () => {});
}

let hasComplained = false;

function complain(error: Error): void {
  if (hasComplained) return;
  hasComplained = true;
  printError(
    `error: the output can't be written: ${messageOf(error)}\n  do:       free some space, or write the output to another place`,
  );
  process.on('exit', (code) => {
    if (code === EXIT.done) process.exitCode = EXIT.failed;
  });
}
