import { WeightmapError } from '@weightmap/core';
import { EXIT } from './exit-codes.js';

/** Says what went wrong in a few lines; returns the exit code. */
export function explain(error: unknown, { debug }: { debug: boolean }): number {
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
