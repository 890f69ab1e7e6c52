import { WeightmapError } from '@weightmap/core';
import { MODES, type Mode, type Workload } from './modes.js';
import { formsOf, startPeer, type Form } from './peers.js';
import { StopwatchProcess, type Ready } from './_stopwatch-process.js';

/** The times of one case in one mode of the engine, or in one form of PyTorch. */
export interface BenchRow {
  readonly case: string;
  readonly mode: Mode | `pytorch-${Form}`;
  readonly batch: number;
  readonly threads: number;
  /** Trainable. */
  readonly parameters: number;
  /** Of one training step, wall clock. */
  readonly msMedian: number;
  readonly msMin: number;
  /** Steps that were timed. */
  readonly steps: number;
  /** msMedian over that of each form of PyTorch in the same run; for the engine's modes, with peers. */
  readonly ratios?: Readonly<Partial<Record<Form, number>>>;
}

export interface BenchOptions extends Workload {
  readonly modes: readonly Mode[];
  /** Steps to time in each process; slow ones get fewer, at least one a round. */
  readonly steps: number;
  /** The Python interpreter whose PyTorch to compare with. */
  readonly python?: string;
  /** Hears what is left out, and why. */
  readonly onNote: (note: string) => void;
}

/** Rounds in which the contenders take turns, so that whatever else the machine does hits all of them. */
const ROUNDS = 5;
/** Time that a contender's turn should take at most. */
const TURN_MS = 3000;

interface Contender {
  readonly mode: BenchRow['mode'];
  readonly form?: Form;
  readonly process: StopwatchProcess;
  readonly parameters: number;
  readonly stepsPerTurn: number;
  readonly ms: number[];
}

/**
 * Times the training step of one case: each mode and form in a process of its own, all started first, then in turns
 * (A B C A B C …), one at a time.
 *
 * @throws WeightmapError if a process fails, or if PyTorch's network has another number of parameters.
 */
export async function benchCase(options: BenchOptions): Promise<BenchRow[]> {
  const { batch, threads, steps } = options;
  const contenders: Contender[] = [];
  try {
    for (const { mode, form, start } of line(options)) {
      const { process, ready } = await start();
      if (ready.missing !== undefined) {
        await process.end();
        options.onNote(`${mode} left out: ${ready.missing}`);
        continue;
      }
      const { parameters } = ready;
      const wanted = Math.ceil(steps / Math.min(steps, ROUNDS));
      contenders.push({ mode, form, process, parameters, stepsPerTurn: wanted, ms: [] });
      checkParameters(options.case, contenders);
      const [pace] = await process.measure(1);
      const fitting = Math.max(1, Math.floor(TURN_MS / pace));
      contenders.push({ ...contenders.pop()!, stepsPerTurn: Math.min(wanted, fitting) });
    }
    for (let round = 0; round < Math.min(steps, ROUNDS); round++)
      for (const { process, stepsPerTurn, ms } of contenders) {
        // The first step of a turn finds the caches full of the others' data.
        const [, ...timed] = await process.measure(1 + stepsPerTurn);
        ms.push(...timed);
      }
  } finally {
    for (const { process } of contenders) await process.end();
  }
  const peers = contenders.filter(({ form }) => form !== undefined);
  const own = contenders.filter(({ form }) => form === undefined);
  return [...own, ...peers].map(({ mode, form, parameters, ms }) => ({
    ...{ case: options.case, mode, batch, threads, parameters },
    ...{ msMedian: rounded(median(ms)), msMin: rounded(Math.min(...ms)), steps: ms.length },
    ...(peers.length > 0 &&
      form === undefined && {
        ratios: Object.fromEntries(
          peers.map((peer): [string, number] => [peer.form!, rounded(median(ms) / median(peer.ms))]),
        ),
      }),
  }));
}

interface Candidate {
  readonly mode: BenchRow['mode'];
  readonly form?: Form;
  readonly start: () => Promise<{ process: StopwatchProcess; ready: Ready }>;
}

function line({ modes, python, onNote, ...workload }: BenchOptions): Candidate[] {
  const { case: id, batch, threads } = workload;
  const forms = python === undefined ? [] : formsOf(id);
  if (python !== undefined && forms.length === 0) onNote(`${id} has no counterpart in PyTorch yet`);
  const own = ['bench-step', '--case', id, '--batch', String(batch), '--threads', String(threads)];
  return [
    // First: without PyTorch there is nothing to wait for.
    ...forms.map((form) => ({
      mode: `pytorch-${form}` as const,
      form,
      start: () => startPeer(form, workload, python!),
    })),
    ...modes.map((mode) => ({
      mode,
      start: () =>
        StopwatchProcess.start(
          mode,
          [process.execPath, process.argv[1], ...own, '--mode', mode],
          MODES[mode],
        ),
    })),
  ];
}

/** Processes that train different networks have nothing to compare. */
function checkParameters(id: string, contenders: readonly Contender[]): void {
  const [first, last] = [contenders[0], contenders.at(-1)!];
  if (first.parameters === last.parameters) return;
  throw new WeightmapError(`${last.mode} trains another network than ${first.mode}.`, {
    where: id,
    expected: `${first.parameters} parameters; it has ${last.parameters}`,
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

/** Four digits are more than a measurement is good for. */
const rounded = (value: number) => Number(value.toPrecision(4));
