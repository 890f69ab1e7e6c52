import { appendFileSync } from 'node:fs';
import { tailOf } from './tail-of.js';

/** A line of a cell's `events.jsonl`. */
export interface LoggedEvent {
  /** ISO 8601. */
  readonly time: string;
  /** What happened. */
  readonly event: 'started' | 'progress' | 'epoch' | 'stopped' | 'done' | 'failed';
  readonly [key: string]: unknown;
}

/** Writes what happens to a cell, an event a line. A log that can't be written never stops the work. */
export function openEventLog(file: string): (event: LoggedEvent['event'], data?: object) => void {
  let begin = endsWithinLine(file) ? '\n' : '';
  return (event, data = {}) => {
    try {
      appendFileSync(file, `${begin}${JSON.stringify({ time: new Date().toISOString(), event, ...data })}\n`);
      begin = '';
    } catch {
      // The disk may be full: the next checkpoint says so.
    }
  };
}

/** The last events of a cell, the oldest first; lines that were cut off are left out. */
export function lastEvents(file: string, bytes = 4096): LoggedEvent[] {
  return tailOf(file, bytes)
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as LoggedEvent];
      } catch {
        return [];
      }
    });
}

/** Whether a process was killed while it wrote the last line. */
const endsWithinLine = (file: string) => !['', '\n'].includes(tailOf(file, 1));
