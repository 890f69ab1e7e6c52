import { WeightmapError } from '@weightmap/core';
import { count } from '@weightmap/report/text';
import { pinning } from '../launchers/cores.js';
import { augmentationOf } from '../plan/presets.js';
import { startOwn } from './_own-process.js';
import { checkParameters, median, rounded, takeTurns, withContenders, type Candidate } from './_turns.js';
import { cellOf, cellSeconds, type CellSeconds } from './grid-cell.js';
import type { Mode, Workload } from './modes.js';
import { peerName, startPeer, WAYS } from './peers.js';

/** How many cells of a case are done in an hour, in one form. */
export interface GridRow {
  readonly case: string;
  /** A mode of the engine, or the name of a peer. */
  readonly mode: string;
  /** Cells at the same time, each in a process. */
  readonly processes: number;
  /** Of each process. */
  readonly threads: number;
  readonly batch: number;
  /** Of a training step, median. */
  readonly msStep: number;
  /** Of a whole cell, scaled from the shortened one. */
  readonly seconds: CellSeconds;
  /** 3600 · processes / all seconds of a cell. */
  readonly cellsPerHour: number;
  /** The seconds from one finished cell to the next, divided by those of PyTorch's fastest form; only for the engine's mode. */
  readonly ratio?: number;
  /** That form, such as `pytorch-tuned-compile, 2 × 1 thread`. */
  readonly fastest?: string;
}

export interface GridOptions extends Workload {
  readonly mode: Mode;
  /** Training steps of each epoch of a shortened cell. */
  readonly steps: number;
  /** Images of its validation, and of each sweep. */
  readonly images: number;
  readonly python?: string;
  readonly onNote: (note: string) => void;
}

const ROUNDS = 3;
/** Pixels of the random crops; as in training. */
const PADDING = 2;
/** bfloat16 computes with fewer digits. */
const FLOAT32 = WAYS.filter((way) => way !== 'bfloat16');

/** A form of running a grid, before its processes are started. */
export interface GridForm {
  readonly mode: string;
  readonly processes: number;
  readonly threads: number;
  /** Starts one of the processes, with these words before its command. */
  readonly start: (prefix: readonly string[]) => ReturnType<Candidate['start']>;
}

/**
 * Measures the cells an hour of one case: ours with one process for each thread; PyTorch's with one process of all threads, and with
 * one for each. Forms take turns. In a turn, every process of a form runs a shortened cell at the same time.
 *
 * @throws WeightmapError if a process fails, or the case's dataset has no known sizes.
 */
export async function benchGrid({
  mode,
  steps,
  images,
  python,
  onNote,
  ...workload
}: GridOptions): Promise<GridRow[]> {
  const { case: id, batch, threads } = workload;
  if (steps < 2)
    throw new WeightmapError('A training step is timed from the end of the one before.', {
      where: `--steps ${steps}`,
      expected: 'at least 2',
    });
  const { evaluation, dataset } = cellOf(id, batch);
  const arrangements =
    threads === 1
      ? [[1, 1]]
      : [
          [1, threads],
          [threads, 1],
        ];
  const cell = {
    ...{ steps, images, betas: evaluation.betas, epsilons: evaluation.epsilons },
    padding: augmentationOf(dataset.id) === 'pad-crop' ? PADDING : 0,
  };
  const peers = python === undefined ? [] : FLOAT32.map((way) => ({ form: 'tuned', way }) as const);
  const forms: GridForm[] = [
    ...peers.flatMap((peer) =>
      arrangements.map(([processes, threads]) => ({
        ...{ mode: peerName(peer), processes, threads },
        start: (prefix: readonly string[]) =>
          startPeer({ task: 'cell', ...peer, ...{ case: id, batch, threads, cell } }, python!, prefix),
      })),
    ),
    {
      ...{ mode, processes: threads, threads: 1 },
      start: (prefix) => startOwn('cell', mode, { case: id, batch, threads: 1, steps, images }, prefix),
    },
  ];
  return gridRows(workload, forms, onNote);
}

/** Times the forms in turns and scales their times to whole cells. The last form is the engine's own. */
export function gridRows(
  { case: id, batch }: Pick<Workload, 'case' | 'batch'>,
  forms: readonly GridForm[],
  onNote: (note: string) => void,
): Promise<GridRow[]> {
  const cell = cellOf(id, batch);
  const starts = new Map<string, number>();
  const candidates = forms.map((form) => ({
    name: formOf(form),
    start: async () => {
      const began = performance.now();
      const started = await startTogether(form);
      starts.set(formOf(form), (performance.now() - began) / 1000);
      return started;
    },
  }));
  return withContenders(candidates, onNote, async (contenders) => {
    checkParameters(id, contenders);
    const times = await takeTurns(contenders, { rounds: ROUNDS, runs: 1, warm: false });
    const rows = contenders.map(({ name }): GridRow => {
      const { mode, processes, threads } = forms.find((form) => formOf(form) === name)!;
      const [step, validation, noise, fgsm] = [0, 1, 2, 3].map((part) =>
        median(times.get(name)!.filter((_, i) => i % 4 === part)),
      );
      const { start, training, evaluation } = cellSeconds(cell, starts.get(name)!, {
        step,
        validation,
        noise,
        fgsm,
      });
      const seconds = { start: rounded(start), training: rounded(training), evaluation: rounded(evaluation) };
      const cellsPerHour = (3600 * processes) / (start + training + evaluation);
      return {
        ...{ case: id, mode, processes, threads, batch, msStep: rounded(step), seconds },
        cellsPerHour: rounded(cellsPerHour),
      };
    });
    const own = rows.find(({ mode }) => !mode.startsWith('pytorch-'));
    const fastest = fastestPeer(rows);
    if (!own || !fastest) return rows;
    const ratio = rounded(fastest.cellsPerHour / own.cellsPerHour);
    return rows.map((row) => (row === own ? { ...own, ratio, fastest: formOf(fastest) } : row));
  });
}

/** All cases together, each as often as the others. */
export interface GridTotal {
  /** The engine's mode. */
  readonly mode: string;
  readonly cellsPerHour: number;
  /** Of PyTorch, in its fastest form for each case. */
  readonly ofPyTorch?: number;
  /** As that of a row. */
  readonly ratio?: number;
}

/** The cells an hour over all cases; null for a single one, or where the engine's mode is missing. */
export function gridTotal(rows: readonly GridRow[]): GridTotal | null {
  const own = rows.filter(({ mode }) => !mode.startsWith('pytorch-'));
  if (own.length < 2) return null;
  const perHour = (of: readonly GridRow[]) =>
    of.length / of.reduce((hours, { cellsPerHour }) => hours + 1 / cellsPerHour, 0);
  const cellsPerHour = perHour(own);
  const peers = own.map((row) => fastestPeer(rows.filter((other) => other.case === row.case)));
  const total = { mode: own[0].mode, cellsPerHour: rounded(cellsPerHour) };
  if (!peers.every((peer) => peer !== null)) return total;
  const ofPyTorch = perHour(peers);
  return { ...total, ofPyTorch: rounded(ofPyTorch), ratio: rounded(ofPyTorch / cellsPerHour) };
}

/** Starts all processes of a form at once, and lets them measure at the same time. Each time is the mean of theirs. */
async function startTogether({ processes, threads, start }: GridForm): ReturnType<Candidate['start']> {
  const started = await Promise.allSettled(pinning(processes, threads).map((prefix) => start(prefix)));
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const end = async () => {
    await Promise.all(running.map(({ process }) => process.end()));
  };
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed) {
    await end();
    throw (failed as PromiseRejectedResult).reason;
  }
  const { ready } = running.find(({ ready }) => ready.missing !== undefined) ?? running[0];
  return {
    ready,
    process: {
      end,
      async measure(runs) {
        const answers = await Promise.all(running.map(({ process }) => process.measure(runs)));
        const sum = (part: number) => answers.reduce((total, { ms }) => total + ms[part], 0);
        return { ms: answers[0].ms.map((_, part) => sum(part) / answers.length) };
      },
    },
  };
}

const fastestPeer = (rows: readonly GridRow[]): GridRow | null =>
  rows
    .filter(({ mode }) => mode.startsWith('pytorch-'))
    .reduce<GridRow | null>((a, b) => (a && a.cellsPerHour >= b.cellsPerHour ? a : b), null);

/** How a form spreads over the cores, such as `2 × 1 thread`. */
export const spreadOf = ({ processes, threads }: Pick<GridRow, 'processes' | 'threads'>): string =>
  `${processes} × ${count(threads, 'thread')}`;

const formOf = (form: Pick<GridRow, 'mode' | 'processes' | 'threads'>): string =>
  `${form.mode}, ${spreadOf(form)}`;
