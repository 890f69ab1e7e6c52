import { WeightmapError } from '@weightmap/core';
import type { StopwatchProcess, Ready } from './_stopwatch-process.js';

/** What measures: a process, or several that measure at the same time. */
export type Stopwatch = Pick<StopwatchProcess, 'measure' | 'end'>;

/** A process that takes part in a comparison. */
export interface Contender {
  readonly name: string;
  readonly process: Stopwatch;
  readonly ready: Ready;
}

/** A contender before its process is started. */
export interface Candidate {
  readonly name: string;
  readonly start: () => Promise<{ process: Stopwatch; ready: Ready }>;
}

export interface TurnOptions {
  /** The number of turns of each contender. */
  rounds: number;
  /** Runs in a turn. */
  runs: number;
  /** The most milliseconds of a turn: slow contenders run less often in it, at least once. */
  turnMs?: number;
  /** Whether to drop the first run of each turn, which finds other contenders' data in the caches. */
  warm?: boolean;
}

/**
 * Starts every candidate in a process of its own, one after another. Those that can't measure are reported to `onNote` and left
 * out; `body` gets the others. All processes are ended afterwards, even after an error.
 */
export async function withContenders<T>(
  candidates: readonly Candidate[],
  onNote: (note: string) => void,
  body: (contenders: readonly Contender[]) => Promise<T>,
): Promise<T> {
  const contenders: Contender[] = [];
  try {
    for (const { name, start } of candidates) {
      const { process, ready } = await start();
      contenders.push({ name, process, ready });
    }
    for (const { name, ready } of contenders)
      if (ready.missing !== undefined) onNote(`left out ${name}: ${ready.missing}`);
    return await body(contenders.filter(({ ready }) => ready.missing === undefined));
  } finally {
    for (const { process } of contenders) await process.end();
  }
}

/**
 * Times contenders in turns (A B C A B C …), one at a time, so that other load on the machine affects all of them.
 *
 * @returns the milliseconds of every run, by the contenders' names.
 */
export async function takeTurns(
  contenders: readonly Contender[],
  { rounds, runs, turnMs = Number.POSITIVE_INFINITY, warm = true }: TurnOptions,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  const fitting = new Map<string, number>();
  for (const { name, process } of contenders) {
    const [pace] = turnMs === Number.POSITIVE_INFINITY ? [0] : (await process.measure(1)).ms;
    fitting.set(name, Math.max(1, Math.min(runs, Math.floor(turnMs / pace))));
  }
  for (let round = 0; round < rounds; round++)
    for (const { name, process } of contenders) {
      const skipped = warm ? 1 : 0;
      const { ms } = await process.measure(skipped + fitting.get(name)!);
      times.get(name)!.push(...ms.slice(skipped));
    }
  return times;
}

/** Checks that compared processes have the same network. @throws WeightmapError if the numbers of parameters differ. */
export function checkParameters(id: string, contenders: readonly Contender[]): void {
  const [first, ...others] = contenders;
  for (const { name, ready } of others)
    if (ready.parameters !== first.ready.parameters)
      throw new WeightmapError(`${name} trains another network than ${first.name}.`, {
        where: id,
        expected: `${first.ready.parameters} parameters; it has ${ready.parameters}`,
      });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

/** Rounds a measurement to four digits, more than it is accurate to. */
export const rounded = (value: number): number => Number(value.toPrecision(4));
