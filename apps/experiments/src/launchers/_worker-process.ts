import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { openForAppending } from '@weightmap/core/files';
import type { CellEvent } from '../cells/cell-events.js';
import type { Work, WorkItem } from './launcher.js';

/** How a worker ended. */
export interface WorkerEnd {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerOptions extends Pick<Work, 'command' | 'killAfter'> {
  run: string;
  threads: number;
  plugins: readonly string[];
  /** Words before the command, such as one that pins it to a core. */
  prefix: readonly string[];
  /** When aborted, the worker is asked to stop after its current step. */
  stop: AbortSignal;
  onEvent: (event: CellEvent) => void;
}

/** Works on an item in a process of its own. Its output is appended to the item's log. */
export async function startWorker(
  { index, log, prepare }: WorkItem,
  { command, killAfter, run, threads, plugins, prefix, stop, onEvent }: WorkerOptions,
): Promise<WorkerEnd> {
  await prepare();
  const output = openForAppending(log, { within: run });
  const words = [command, '--run', run, '--index', String(index), '--threads', String(threads), ...plugins];
  const [file, ...args] = [...prefix, process.execPath, process.argv[1], ...words];
  const child = spawn(file, args, {
    // Outside the terminal's process group: Ctrl-C reaches only this process, which passes it on once.
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  let late: NodeJS.Timeout | undefined;
  const forward = () => {
    child.kill('SIGTERM');
    if (killAfter !== undefined) late = setTimeout(() => child.kill('SIGKILL'), killAfter);
  };
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
    clearTimeout(late);
    stop.removeEventListener('abort', forward);
    process.off('exit', killWithUs);
  }
}
