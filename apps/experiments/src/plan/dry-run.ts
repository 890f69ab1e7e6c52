import type { CellConfig, ImageSpec } from '@weightmap/core';
import { alignColumns } from '../_columns.js';
import { duration } from '../_duration.js';
import { estimateCell, measurePace, type Pace } from './estimate.js';
import { cellId } from '../records/index.js';

export interface DryRunOptions {
  /** Of the images, by the datasets' ids. */
  specs: ReadonlyMap<string, ImageSpec>;
  /** Cells at a time. */
  workers: number;
  /** Hears how many of how many networks were timed. */
  onNetwork: (done: number, total: number) => void;
}

/** What each cell would be and how long it would take, by a few steps of each network; nothing is trained or written. */
export async function dryRun(
  cells: readonly CellConfig[],
  { specs, workers, onNetwork }: DryRunOptions,
): Promise<string> {
  const networkOf = ({ dataset, variant }: CellConfig) => `${dataset.id}/${variant}`;
  const first = new Map([...cells].reverse().map((cell) => [networkOf(cell), cell]));
  const paces = new Map<string, Pace>();
  for (const [network, { dataset, variant, training }] of first) {
    onNetwork(paces.size, first.size);
    paces.set(network, await measurePace(variant, specs.get(dataset.id)!, training.batchSize));
  }
  const times = cells.map((cell) => estimateCell(cell, paces.get(networkOf(cell))!));
  const total = times.reduce((sum, time) => sum + time, 0);
  const table = alignColumns(
    [
      ['cell', 'dataset', 'variant', 'trial', 'parameters', 'about'],
      ...cells.map((cell, i) => [
        cellId(cell).slice(0, 10),
        cell.dataset.id,
        cell.variant,
        String(cell.trial),
        paces.get(networkOf(cell))!.parameters.toLocaleString('en'),
        duration(times[i]),
      ]),
    ],
    { right: [3, 4, 5] },
  );
  const longest = Math.max(...times);
  const together = Math.max(total / workers, longest);
  return `${table}\n\nabout ${duration(total)} of one process, ${duration(together)} with ${workers} at a time; from a few steps of each network, timed now`;
}
