import os from 'node:os';

/**
 * Fixes the size of TensorFlow's two thread pools; they are made when the library loads and never change.
 *
 * The pool between operations gets the same size: left alone, it goes on using every core.
 */
export function fixThreads(threads: number | undefined): void {
  if (threads === undefined) return;
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = String(threads);
}

/** Threads of one native operation. */
export const threadsInUse = (): number =>
  Number(process.env.TF_NUM_INTRAOP_THREADS) || os.availableParallelism();
