/** The error of the n-th call; half of the data and then a full disk; or the end of the process. */
export type Fault = 'EIO' | 'ENOSPC' | 'EMFILE' | 'EACCES' | 'EROFS' | 'short' | 'kill';

/**
 * Makes the n-th change of the file system below a folder fail: opening for writing, writing, fsync, rename, copying, making a folder.
 *
 * @returns how many there were, and a function that ends it.
 */
export function injectFaults(options: {
  /** Changes elsewhere are neither counted nor made to fail. */
  readonly under: string;
  /** Which one fails, from 1. Default: none; they are only counted. */
  readonly at?: number;
  readonly fault?: Fault;
  /** Called with each of them: `rename cells/…/record.json`. */
  readonly onCall?: (line: string) => void;
}): { readonly count: () => number; readonly restore: () => void };
