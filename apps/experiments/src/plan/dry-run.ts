import type { ImageSpec } from '@weightmap/core';
import { cellId, plainVariant, type CellConfig } from '@weightmap/records';
import { alignColumns, count, duration, list, number } from '@weightmap/report/text';
import { findVariant } from '../plugins/components.js';
import { estimateCell, measurePace, sizeOfNetwork, type NetworkSize, type Pace } from './estimate.js';
import { NO_CHECKSUM } from './find-dataset.js';
import type { Plan } from './plan-grid.js';

export interface DryRunOptions {
  /** Cells that run at the same time. */
  workers: number;
  /** Called before each network is timed, with the number of those that are done and of all. */
  onNetwork: (done: number, total: number) => void;
  /** Times a network. Default: `measurePace`. */
  measure?: typeof measurePace;
}

/** Variants that take at least this share of the whole time are listed. */
const LISTED_SHARE = 0.1;

/**
 * A table of the cells with the time that each would take, and the time of all together. Nothing is trained or written. A few steps are
 * timed of one network for each dataset and architecture, with and without weight maps; the times of the others are its times, scaled by their
 * FLOPs. Cells that would be left out are estimated but not added.
 */
export async function dryRun(
  { cells, leftOut, specs }: Pick<Plan, 'cells' | 'leftOut' | 'specs'>,
  { workers, ...options }: DryRunOptions,
): Promise<string> {
  const all = [...cells, ...leftOut.flatMap((part) => part.cells)];
  const { secondsOf, networks, timed } = await pacesOf(all, specs, options);
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
    `about ${duration(total)} in one process, ${duration(together)} with ${workers} at a time; estimated from ${basis(networks, timed)}`,
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

const basis = (networks: number, timed: number): string =>
  timed === networks
    ? `a few steps of ${networks === 1 ? 'the network' : 'each network'}`
    : `a few steps of ${timed} of ${count(networks, 'network')}, one of each kind, and the FLOPs of the others`;

interface Network extends NetworkSize {
  readonly name: string;
  readonly cell: CellConfig;
}

interface Paces {
  /** Parameters and seconds of a cell. */
  readonly secondsOf: (cell: CellConfig) => { parameters: number; seconds: number };
  /** Different networks. */
  readonly networks: number;
  /** Of these, those that were timed. */
  readonly timed: number;
}

/** The networks of these cells, of each kind the one of median FLOPs timed; a network without FLOPs is timed, too. */
async function pacesOf(
  cells: readonly CellConfig[],
  specs: ReadonlyMap<string, ImageSpec>,
  { onNetwork, measure = measurePace }: Omit<DryRunOptions, 'workers'>,
): Promise<Paces> {
  const nameOf = ({ dataset, variant }: CellConfig) => `${dataset.id}/${plainVariant(variant)}`;
  const first = new Map([...cells].reverse().map((cell) => [nameOf(cell), cell]));
  const kinds = new Map<string, Network[]>();
  for (const [name, cell] of first) {
    const { architecture, kinds: layers = [] } = findVariant(cell.variant);
    const size = sizeOfNetwork(cell.variant, specs.get(cell.dataset.id)!);
    const kind =
      size.flops === null
        ? name
        : JSON.stringify([
            cell.dataset.id,
            architecture,
            layers.every((one) => one === 'conv'),
            cell.training.batchSize,
          ]);
    kinds.set(kind, [...(kinds.get(kind) ?? []), { ...size, name, cell }]);
  }
  const paces = new Map<string, Pace>();
  let timed = 0;
  for (const networks of kinds.values()) {
    networks.sort((a, b) => a.flops! - b.flops!);
    const { cell, flops } = networks[networks.length >> 1];
    onNetwork(timed++, kinds.size);
    const pace = await measure(cell.variant, specs.get(cell.dataset.id)!, cell.training.batchSize);
    for (const one of networks) {
      const factor = flops ? one.flops! / flops : 1;
      paces.set(one.name, {
        parameters: one.parameters,
        step: factor * pace.step,
        image: factor * pace.image,
      });
    }
  }
  return {
    secondsOf: (cell) => {
      const pace = paces.get(nameOf(cell))!;
      return { parameters: pace.parameters, seconds: estimateCell(cell, pace) };
    },
    networks: first.size,
    timed,
  };
}
