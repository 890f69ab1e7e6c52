import { startOwn } from './_own-process.js';
import { rounded, withContenders } from './_turns.js';
import type { Mode, Workload } from './modes.js';

/** The memory of a training process over many steps. */
export interface MemoryRow {
  readonly case: string;
  readonly mode: Mode;
  readonly batch: number;
  readonly steps: number;
  /** Resident memory after a tenth of the steps, and after all of them. */
  readonly rssBeforeMiB: number;
  readonly rssAfterMiB: number;
  readonly growthMiB: number;
}

export interface MemoryOptions extends Workload {
  readonly mode: Mode;
  readonly steps: number;
  readonly onNote: (note: string) => void;
}

export async function benchMemory({ mode, steps, onNote, ...workload }: MemoryOptions): Promise<MemoryRow[]> {
  const { case: id, batch, threads } = workload;
  const candidate = { name: mode, start: () => startOwn('step', mode, { case: id, batch, threads }) };
  return withContenders([candidate], onNote, async (contenders) => {
    const rows: MemoryRow[] = [];
    for (const { process } of contenders) {
      const before = (await process.measure(Math.ceil(steps / 10))).rssMiB!;
      const after = (await process.measure(steps)).rssMiB!;
      rows.push({
        case: id,
        mode,
        batch,
        steps,

        rssBeforeMiB: rounded(before),
        rssAfterMiB: rounded(after),
        growthMiB: rounded(after - before),
      });
    }
    return rows;
  });
}
