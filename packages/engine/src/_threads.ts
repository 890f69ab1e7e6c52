import os from 'node:os';

/**
 * Sets the size of TensorFlow's two thread pools. Call it before the library is loaded: the pools never change afterwards.
 *
 * The pool between operations gets the same size: by default it uses every core.
 */
export function fixThreads(threads: number | undefined): void {
  if (threads === undefined) return;
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = String(threads);
}

/** Threads of one native operation. */
export const threadsInUse = (): number =>
  Number(process.env.TF_NUM_INTRAOP_THREADS) || os.availableParallelism();
