import { appendFileSync } from 'node:fs';
import type { EpochReport } from '@weightmap/training';

/** Adds an epoch to a cell's `history.jsonl`: a log for people who watch a run; the record holds the same at the end. */
export function appendHistory(file: string, { secondsLeft: _, resumed: __, ...epoch }: EpochReport): void {
  appendFileSync(file, `${JSON.stringify(epoch)}\n`);
}
