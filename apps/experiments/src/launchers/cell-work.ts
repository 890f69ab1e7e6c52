import { cellName, cellPaths, outcomeOf, readCellRecord, type CellConfig } from '@weightmap/records';
import { makeCellFolder } from '../cells/claim-cell.js';
import { isHeld } from '../leases/lease.js';
import type { Work, WorkItem } from './launcher.js';

export interface PlacedCell {
  readonly cell: CellConfig;
  /** In the run's list. */
  readonly index: number;
}

/** How often a cell is begun whose process is killed; each goes on from the last checkpoint. */
const MOST_STARTS = 3;

/** The unfinished cells of a grid, a process each. */
export const cellWork = (run: string, cells: readonly PlacedCell[]): Work => ({
  ...{ kind: 'cells', command: 'cell', total: { count: cells.length, noun: 'cell' } },
  items: cells.map((cell) => itemOf(run, cell)),
});

function itemOf(run: string, { cell, index }: PlacedCell): WorkItem {
  const { folder, log } = cellPaths(run, cell);
  const name = cellName(cell);
  let note: (text: string) => void;
  return {
    ...{ index, name, log },
    prepare: () => makeCellFolder(run, cell),
    isHeld: () => isHeld(folder),
    async outcome() {
      const record = await readCellRecord(run, cell);
      return record && outcomeOf(record);
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
      if (again) note(`${name}: its process was ended by ${signal}; begun again from its last checkpoint`);
      return Promise.resolve(again);
    },
  };
}
