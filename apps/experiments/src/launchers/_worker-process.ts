import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { CellConfig } from '@weightmap/core';
import type { CellEvent } from '../cells/cell-events.js';
import { makeCellFolder } from '../cells/claim-cell.js';
import { cellId, cellPaths } from '../records/index.js';

/** How a worker ended. */
export interface WorkerEnd {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerOptions {
  run: string;
  threads: number;
  /** Put before the command. */
  prefix: readonly string[];
  /** Aborted: the worker is told to stop after its current step. */
  stop: AbortSignal;
  onEvent: (event: CellEvent) => void;
}

/** Works on a cell in a process of its own; what it prints is added to the cell's `worker.log`. */
export async function startWorker(
  cell: CellConfig,
  { run, threads, prefix, stop, onEvent }: WorkerOptions,
): Promise<WorkerEnd> {
  const { log } = cellPaths(run, cell);
  await makeCellFolder(run, cell);
  const output = openSync(log, 'a');
  const script = [
    process.argv[1],
    'cell',
    '--run',
    run,
    '--cell',
    cellId(cell),
    '--threads',
    String(threads),
  ];
  const [file, ...args] = [...prefix, process.execPath, ...script];
  const child = spawn(file, args, {
    // Out of the terminal's process group: Ctrl-C reaches this process, which passes it on once.
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  const forward = () => child.kill('SIGTERM');
  stop.addEventListener('abort', forward);
  const killWithUs = () => child.kill('SIGKILL');
  process.on('exit', killWithUs);
  child.on('message', (message) => onEvent(message as CellEvent));
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
  } finally {
    stop.removeEventListener('abort', forward);
    process.off('exit', killWithUs);
  }
}
