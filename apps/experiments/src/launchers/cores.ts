import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** Bytes of memory to plan for each worker: TensorFlow, a dataset, and a network in training. */
const WORKER_MEMORY = 2 * 2 ** 30;

/** More processor cores than any machine has. */
const MAX_CORES = 2 ** 16;

/** Parses a list of processor cores: `0-3,8` is 0, 1, 2, 3, 8. Null for anything else than such a list. */
export function parseCpuList(list: string): number[] | null {
  const cores: number[] = [];
  for (const range of list.trim().split(',').filter(Boolean)) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined || Number(last) >= MAX_CORES || cores.length >= MAX_CORES) return null;
    for (let core = Number(first); core <= Number(last); core++) cores.push(core);
  }
  return cores;
}

/** The processor cores that this process may use; null if the system doesn't tell. */
function allowedCores(): number[] | null {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return list === undefined ? null : parseCpuList(list);
  } catch {
    return null;
  }
}

/** Workers at the same time: one for each `threads` cores, as far as memory goes, at least one. */
export function defaultWorkers(
  threads: number,
  cores = os.availableParallelism(),
  memory = process.availableMemory?.() ?? os.freemem(),
): number {
  return Math.max(1, Math.min(Math.floor(cores / threads), Math.floor(memory / WORKER_MEMORY)));
}

/**
 * For each worker, the words before its command that keep it on cores of its own. They are empty if the system can't do that,
 * or if there are too few cores for all workers.
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
