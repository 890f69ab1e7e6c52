import type { ImageSpec } from '@weightmap/core';
import { cellId, plainVariant, type CellConfig } from '@weightmap/records';
import { alignColumns, count, duration, list, number } from '@weightmap/report/text';
import { estimateCell, measurePace, type Pace } from './estimate.js';
import { NO_CHECKSUM } from './find-dataset.js';
import type { Plan } from './plan-grid.js';

export interface DryRunOptions {
  /** Cells that run at the same time. */
  workers: number;
  /** Called before each network is timed, with the number of networks that are done and of all. */
  onNetwork: (done: number, total: number) => void;
}

/** Variants that take at least this share of the whole time are listed. */
const LISTED_SHARE = 0.1;

/**
 * A table of the cells with the time that each would take, and the time of all together. A few steps of each network are
 * timed; nothing is trained or written. Cells that would be left out are estimated but not added.
 */
export async function dryRun(
  { cells, leftOut, specs }: Pick<Plan, 'cells' | 'leftOut' | 'specs'>,
  { workers, onNetwork }: DryRunOptions,
): Promise<string> {
  const all = [...cells, ...leftOut.flatMap((part) => part.cells)];
  const secondsOf = await timed(all, specs, onNetwork);
  const sum = (some: readonly CellConfig[]) =>
    some.reduce((total, cell) => total + secondsOf(cell).seconds, 0);
  const total = sum(cells);
  const idOf = (cell: CellConfig) =>
    cell.dataset.checksum === NO_CHECKSUM ? '–' : cellId(cell).slice(0, 10);
  const table = alignColumns(
    [
      ['cell', 'dataset', 'variant', 'trial', 'epochs', 'parameters', 'about'],
      ...all.map((cell, i) => [
        i < cells.length ? idOf(cell) : 'left out',
        cell.dataset.id,
        cell.variant,
        String(cell.trial),
        number(cell.training.epochs),
        number(secondsOf(cell).parameters),
        duration(secondsOf(cell).seconds),
      ]),
    ],
    { right: [3, 4, 5, 6], optional: [5, 0, 4] },
  );
  const longest = Math.max(0, ...cells.map((cell) => secondsOf(cell).seconds));
  const together = Math.max(total / workers, longest);
  const variants = [...new Set(cells.map(({ variant }) => variant))];
  const shares = variants
    .map((id) => ({ id, share: sum(cells.filter(({ variant }) => variant === id)) / total }))
    .filter(({ share }) => share >= LISTED_SHARE)
    .sort((a, b) => b.share - a.share)
    .map(({ id, share }) => `${id} ${Math.round(100 * share)} %`);
  const lines = [
    `about ${duration(total)} in one process, ${duration(together)} with ${workers} at a time; estimated from a few steps of each network`,
    variants.length > 1 && shares.length > 0 && `most of it: ${list(shares)}`,
    ...leftOut.map(
      (part) =>
        `left out: ${part.label}, ${count(part.cells.length, 'cell')}` +
        (part.cells.length > 0
          ? `, about ${duration(sum(part.cells))} more in one process, from its published sizes`
          : ''),
    ),
  ];
  return [table, '', ...lines.filter((line) => line !== false)].join('\n');
}

/** Parameters and seconds of each cell. Every network is timed once. */
async function timed(
  cells: readonly CellConfig[],
  specs: ReadonlyMap<string, ImageSpec>,
  onNetwork: DryRunOptions['onNetwork'],
): Promise<(cell: CellConfig) => { parameters: number; seconds: number }> {
  const networkOf = ({ dataset, variant }: CellConfig) => `${dataset.id}/${plainVariant(variant)}`;
  const first = new Map([...cells].reverse().map((cell) => [networkOf(cell), cell]));
  const paces = new Map<string, Pace>();
  for (const [network, { dataset, variant, training }] of first) {
    onNetwork(paces.size, first.size);
    paces.set(network, await measurePace(variant, specs.get(dataset.id)!, training.batchSize));
  }
  return (cell) => {
    const pace = paces.get(networkOf(cell))!;
    return { parameters: pace.parameters, seconds: estimateCell(cell, pace) };
  };
}
