import { dirname } from 'node:path';
import { parseJson } from '@weightmap/core';
import { appendText } from '@weightmap/core/files';
import { z } from 'zod';
import { tailOf } from './tail-of.js';

const eventSchema = z.looseObject({
  /** ISO 8601. */
  time: z.iso.datetime(),
  /** What happened. */
  event: z.enum(['started', 'progress', 'epoch', 'stopped', 'done', 'failed']),
});

/** A line of a cell's `events.jsonl`. Only its time and its kind are checked. */
export type LoggedEvent = Readonly<z.infer<typeof eventSchema>>;

/** The end of a log. */
export interface LoggedEvents {
  /** The oldest first. */
  readonly events: readonly LoggedEvent[];
  /** Lines that are none: cut off by a kill, or not ours. */
  readonly oddLines: number;
}

/** Writes what happens to a cell, an event a line. A log that can't be written never stops the work. */
export function openEventLog(file: string): (event: LoggedEvent['event'], data?: object) => void {
  let begin = endsWithinLine(file) ? '\n' : '';
  return (event, data = {}) => {
    try {
      const line = JSON.stringify({ time: new Date().toISOString(), event, ...data });
      appendText(file, `${begin}${line}\n`, { within: dirname(file) });
      begin = '';
    } catch {
      // The disk may be full: the next checkpoint says so.
    }
  };
}

/** The last events of a cell, and how many of the last lines are none. */
export function readEvents(file: string, bytes = 4096): LoggedEvents {
  const text = tailOf(file, bytes);
  const lines = text.split('\n');
  // The last line may still be being written, and the first may have begun before the part that was read.
  const whole = lines.slice(Buffer.byteLength(text) < bytes ? 0 : 1, -1).filter((line) => line !== '');
  const events = whole.flatMap((line) => eventOf(line) ?? []);
  return { events, oddLines: whole.length - events.length };
}

/** The last events of a cell, the oldest first; lines that were cut off or are none are left out. */
export const lastEvents = (file: string, bytes?: number): readonly LoggedEvent[] =>
  readEvents(file, bytes).events;

function eventOf(line: string): LoggedEvent | null {
  try {
    return eventSchema.parse(parseJson(line));
  } catch {
    return null;
  }
}

/** Whether a process was killed while it wrote the last line. */
const endsWithinLine = (file: string) => !['', '\n'].includes(tailOf(file, 1));
