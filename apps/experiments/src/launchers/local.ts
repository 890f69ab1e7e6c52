import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, WeightmapError } from '@weightmap/core';
import { EXIT } from '../terminal/exit-codes.js';
import { thisProcess } from '../leases/process-identity.js';
import { writeSubmission } from './submissions.js';
import { defaultWorkers, pinning } from './cores.js';
import type { Launcher, LaunchOptions, Shown, Work, WorkItem } from './launcher.js';
import { waitingList } from './_waiting-list.js';
import { startWorker, type WorkerEnd } from './_worker-process.js';

/** Milliseconds between two checks of the items that other processes work on. */
const LOOK_AGAIN = 1000;

/**
 * Works in processes on this machine, each on its own cores where the system allows: several networks with one thread each train
 * faster than one network with several threads.
 *
 * An item that fails doesn't stop the others. An item that another launcher works on is waited for.
 */
export const local: Launcher = {
  description: 'processes on this machine, one a core',
  uses: [],
  async launch(work, options) {
    const { run, workers, threads, stop, display } = options;
    const { kind, items, total } = work;
    const failures: string[] = [];
    const waiting = waitingList(items);
    const slots = pinning(Math.min(workers ?? defaultWorkers(threads), Math.max(items.length, 1)), threads);
    const takeBack = await writeSubmission(run, {
      launcher: 'local',
      kind,
      at: new Date().toISOString(),
      process: thisProcess,
    });
    display.begin(total);
    try {
      await Promise.all(
        slots.map(async (prefix) => {
          for (let item = await next(); item; item = await next()) {
            const outcome = await workOn(item, { ...work, prefix, shown: item.show(display) }, options);
            if (outcome === 'busy') waiting.putBack(item);
            else if (outcome) failures.push(`${item.name}: ${outcome.reason}`);
          }
        }),
      );
    } finally {
      display.end();
      await takeBack();
    }
    return { finished: true, failures };

    /** The next item that no process works on; waits while there are only others. Null if there is none or the run is stopped. */
    async function next(): Promise<WorkItem | null> {
      while (waiting.length > 0 && !stop.aborted) {
        const free = waiting.take();
        if (free) return free;
        await sleep(LOOK_AGAIN, undefined, { signal: stop }).catch(() => {});
      }
      return null;
    }
  },
};

/** Works on one item. @returns nothing; `busy` if another process holds the item; or why it failed. */
async function workOn(
  item: WorkItem,
  {
    command,
    killAfter,
    prefix,
    shown,
  }: Pick<Work, 'command' | 'killAfter'> & { prefix: readonly string[]; shown: Shown },
  { run, threads, plugins, stop, display }: LaunchOptions,
): Promise<void | 'busy' | { reason: string }> {
  const { name } = item;
  for (let start = 1; ; start++) {
    let reason: string | undefined;
    let busy = false;
    const end = await startWorker(item, {
      command,
      killAfter,
      run,
      threads,
      plugins,
      prefix,
      stop,
      onEvent(event) {
        if (event.type === 'note' && !stop.aborted) display.note(`${name}: ${event.text}`);
        else if (event.type === 'failed') reason = event.reason;
        else if (event.type === 'busy') busy = true;
        else shown.event(event);
      },
    }).catch((error: unknown): WorkerEnd => {
      reason = error instanceof WeightmapError ? error.explain() : messageOf(error);
      return { code: null, signal: null };
    });
    const outcome = await item.outcome(end.code);
    if (outcome !== null) return shown.done(outcome);
    if (busy) {
      shown.left();
      return 'busy';
    }
    if (stop.aborted || end.code === EXIT['stopped, continue with the same command']) return shown.stopped();
    if (end.signal && (await item.died(end.signal, start))) continue;
    reason ??= item.failure() ?? unexplained(end, { log: item.log, start });
    shown.failed(reason);
    return { reason };
  }
}

/** Describes how a worker ended that gave no reason. */
function unexplained({ code, signal }: WorkerEnd, { log, start }: { log: string; start: number }): string {
  const how = signal
    ? `${signal} ended its process ${start} times${signal === 'SIGKILL' ? ' (out of memory?)' : ''}`
    : `its process ended with code ${code}`;
  return `${how}\n  where:    ${log}\n  do:       run the same command again: it continues from what is stored`;
}
