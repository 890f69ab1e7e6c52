import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** Bytes of memory that a worker may take: TensorFlow, a dataset, and a network in training. */
const WORKER_MEMORY = 2 * 2 ** 30;

/** The numbers of the processor cores that this process may use: `0-3,8` means 0, 1, 2, 3, 8. */
export function parseCpuList(list: string): number[] {
  return list
    .trim()
    .split(',')
    .filter(Boolean)
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** Null where the system doesn't say. */
function allowedCores(): number[] | null {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return list === undefined ? null : parseCpuList(list);
  } catch {
    return null;
  }
}

/** Workers at a time: one for each `threads` cores, no more than there is memory for, at least one. */
export function defaultWorkers(
  threads: number,
  cores = os.availableParallelism(),
  memory = process.availableMemory?.() ?? os.freemem(),
): number {
  return Math.max(1, Math.min(Math.floor(cores / threads), Math.floor(memory / WORKER_MEMORY)));
}

/**
 * What to put before a command so that it stays on cores of its own, for each of so many workers; nothing where the
 * system can't, or where there are not enough cores for all.
 */
export function pinning(
  workers: number,
  threads: number,
  { cores = allowedCores(), hasTaskset = canPin() } = {},
): readonly (readonly string[])[] {
  const enough = cores !== null && cores.length >= workers * threads;
  return Array.from({ length: workers }, (_, worker) =>
    enough && hasTaskset
      ? ['taskset', '--cpu-list', cores.slice(worker * threads, (worker + 1) * threads).join(',')]
      : [],
  );
}

function canPin(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
