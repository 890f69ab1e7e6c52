import {
  cellName,
  cellPaths,
  outcomeOf,
  readCellRecord,
  readFailure,
  type CellConfig,
} from '@weightmap/records';
import { makeCellFolder } from '../cells/claim-cell.js';
import { isHeld } from '../leases/lease.js';
import type { Work, WorkItem } from './launcher.js';

export interface PlacedCell {
  readonly cell: CellConfig;
  /** Its number in the run's list of cells. */
  readonly index: number;
}

/** The most times that a cell is started whose process is killed. Each start continues from the last checkpoint. */
const MOST_STARTS = 3;

/** The work of a grid for a launcher: a process for each unfinished cell. */
export const cellWork = (run: string, cells: readonly PlacedCell[]): Work => ({
  kind: 'cells',
  command: 'cell',
  total: { count: cells.length, noun: 'cell' },
  items: cells.map((cell) => itemOf(run, cell)),
});

function itemOf(run: string, { cell, index }: PlacedCell): WorkItem {
  const { folder, log } = cellPaths(run, cell);
  const name = cellName(cell);
  let note: (text: string) => void;
  let attempts = 0;
  return {
    index,
    name,
    log,
    async prepare() {
      await makeCellFolder(run, cell);
      attempts = readFailure(run, cell)?.attempt ?? 0;
    },
    isHeld: () => isHeld(folder),
    async outcome() {
      const record = await readCellRecord(run, cell);
      return record && outcomeOf(record);
    },
    failure() {
      const failure = readFailure(run, cell);
      return failure && failure.attempt > attempts ? failure.reason : null;
    },
    show(display) {
      const { epoch, progress, ...rest } = display.cell(name, cell.training.epochs);
      note = display.note;
      return {
        ...rest,
        event(event) {
          if (event.type === 'epoch') epoch(event.epoch);
          if (event.type === 'progress') progress(event.progress);
        },
      };
    },
    died(signal, starts) {
      const again = starts < MOST_STARTS;
      if (again) note(`${name}: ${signal} ended its process; restarting from its last checkpoint`);
      return Promise.resolve(again);
    },
  };
}
