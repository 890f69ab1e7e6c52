import type { OnProgress, Progress } from '@weightmap/core';
import { cellName, type CellConfig, type openEventLog } from '@weightmap/records';
import type { EpochReport } from '@weightmap/training';
import { throttle } from '../terminal/throttle.js';
import type { AttackPart } from '../attack/parts.js';
import type { CellEvent } from './cell-events.js';
import { startDisplay } from '../terminal/display.js';

/** Milliseconds between two reports of progress: to whoever started this process, and in the cell's events. */
const REPORT_EVERY = 100;
const LOG_EVERY = 5000;

/** What a worker lets out: lines for people, messages to its launcher, events into the cell's folder. */
export interface WorkerOutput {
  note: (text: string) => void;
  busy: (text: string) => void;
  failed: (reason: string) => void;
  cell: (cell: CellConfig, log: ReturnType<typeof openEventLog>) => CellOutput;
  part: (part: Pick<AttackPart, 'index' | 'name' | 'units'>) => PartOutput;
  end: () => void;
}

export interface CellOutput {
  epoch: (epoch: EpochReport) => void;
  progress: OnProgress;
  done: (outcome: string) => void;
}

export interface PartOutput {
  progress: (done: number, total: number) => void;
  done: (outcome: string) => void;
  failed: (reason: string) => void;
  /** Stopped within it. */
  left: () => void;
}

export function startWorkerOutput(): WorkerOutput {
  const display = startDisplay();
  const tell = (event: CellEvent) => process.connected && process.send?.(event);
  return {
    note(text) {
      display.note(text);
      tell({ type: 'note', text });
    },
    busy(text) {
      display.note(text);
      tell({ type: 'busy' });
    },
    failed: (reason) => tell({ type: 'failed', reason }),
    cell(cell, log) {
      const shown = display.cell(cellName(cell), cell.training.epochs);
      const report = throttle(REPORT_EVERY, (progress: Progress) => {
        shown.progress(progress);
        tell({ type: 'progress', progress });
      });
      const keep = throttle(LOG_EVERY, (progress: Progress) => log('progress', progress));
      return {
        done: shown.done,
        epoch(epoch) {
          shown.epoch(epoch);
          if (!epoch.resumed) log('epoch', epoch);
          tell({ type: 'epoch', epoch });
        },
        progress(progress) {
          report(progress);
          keep(progress);
        },
      };
    },
    part({ index, name, units }) {
      tell({ type: 'part', index, name, units });
      return {
        progress: throttle(REPORT_EVERY, (done: number, total: number) =>
          tell({ type: 'progress', progress: { stage: name, done, total } }),
        ),
        done(outcome) {
          display.line(`${name}: ${outcome}`);
          tell({ type: 'part-done', outcome });
        },
        failed(reason) {
          display.line(`${name}: ${reason}`);
          tell({ type: 'part-failed', reason });
        },
        left: () => tell({ type: 'part-left' }),
      };
    },
    end() {
      display.end();
      if (process.connected) process.disconnect();
    },
  };
}
