import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { confine } from '@weightmap/core/files';
import type { Work, WorkItem } from '../launchers/launcher.js';
import { EXIT } from '../terminal/exit-codes.js';
import { forgetFailure, writePartFailure } from './part-states.js';
import type { AttackPart } from './parts.js';
import { attacksFolder } from './plan.js';

/** The most times that a part is started whose process is killed. */
const MOST_STARTS = 3;
/** Milliseconds after which a worker that was asked to stop is killed: a step of a large network may take longer. */
const KILL_AFTER = 1500;

export const workerLog = (run: string, index: number): string =>
  path.join(attacksFolder(run), `worker-${index + 1}.log`);

/**
 * The work of a campaign for a launcher: workers that share the parts. Each takes one free part after another, so that the
 * engine, the datasets and the networks are loaded once a process and not once a part.
 *
 * @param parts the unfinished ones. Those that failed before are tried again.
 */
export async function attackWork(run: string, parts: readonly AttackPart[], workers: number): Promise<Work> {
  for (const part of parts) await forgetFailure(part);
  const byIndex = new Map(parts.map((part) => [part.index, part]));
  const deaths = new Map<AttackPart, number>();
  return {
    kind: 'attacks',
    command: 'attack-worker',
    killAfter: KILL_AFTER,
    total: {
      count: parts.length,
      noun: 'part',
      units: parts.reduce((sum, { units }) => sum + units, 0),
    },
    items: Array.from({ length: Math.min(workers, parts.length) }, (_, index) => itemOf(index)),
  };

  function itemOf(index: number): WorkItem {
    const name = `worker ${index + 1}`;
    let current: AttackPart | undefined;
    let note: (text: string) => void;
    return {
      index,
      name,
      log: workerLog(run, index),
      prepare: async () => {
        await mkdir(confine(run, attacksFolder(run)), { recursive: true });
      },
      isHeld: () => false,
      failure: () => null,
      outcome: (code) => Promise.resolve(code === EXIT.done ? '' : null),
      show(display) {
        const row = display.worker(name);
        note = display.note;
        return {
          event(event) {
            if (event.type === 'part') {
              current = byIndex.get(event.index);
              row.begins(event.name, event.units);
            } else if (event.type === 'progress') row.progress(event.progress);
            else if (event.type === 'part-left') row.leaves();
            else if (current && event.type === 'part-done') row.ended(current.name, event.outcome);
            else if (current && event.type === 'part-failed') row.failed(current.name, event.reason);
            if (event.type.startsWith('part-')) current = undefined;
          },
          done: row.left,
          stopped: row.left,
          left: row.left,
          failed(reason) {
            row.left();
            note(`${name}: ${reason}`);
          },
        };
      },
      async died(signal, starts) {
        const part = current;
        current = undefined;
        const count = (part ? (deaths.get(part) ?? 0) : starts - 1) + 1;
        if (part) deaths.set(part, count);
        if (part && count >= MOST_STARTS)
          await writePartFailure(
            part,
            new WeightmapError(
              `${signal} ended its process ${count} times${signal === 'SIGKILL' ? ' (out of memory?)' : ''}.`,
              {
                where: workerLog(run, index),
                fix: 'run the same command again, with fewer --workers if memory is short',
              },
            ),
          );
        const again = part !== undefined || count < MOST_STARTS;
        if (again) note(`${name}: ${signal} ended its process; starting another`);
        return again;
      },
    };
  }
}
