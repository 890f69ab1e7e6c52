import { pinning } from '../launchers/cores.js';
import { startOwn } from './_own-process.js';
import { checkParameters, median, rounded, withContenders } from './_turns.js';
import type { Mode, Workload } from './modes.js';
import { fastestOf, peerName, startPeer, WAYS } from './peers.js';

/** Two trials of a case: side by side with one thread each, against PyTorch one after the other with all threads. */
export interface TrialsRow {
  readonly case: string;
  readonly mode: Mode;
  readonly batch: number;
  /** Milliseconds until both trials have done one step: processes of one thread, at the same time. */
  readonly msTogether: number;
  /** The same by PyTorch's fastest float32 form: twice the time of a step with `threads` threads. */
  readonly msPyTorch?: number;
  /** The name of that form. */
  readonly fastest?: string;
  /** Threads of PyTorch. */
  readonly threads: number;
  readonly ratio?: number;
}

export interface TrialsOptions extends Workload {
  readonly mode: Mode;
  readonly steps: number;
  readonly python?: string;
  readonly onNote: (note: string) => void;
}

const TRIALS = 2;
const ROUNDS = 5;

export async function benchTrials({
  mode,
  steps,
  python,
  onNote,
  ...workload
}: TrialsOptions): Promise<TrialsRow[]> {
  const { case: id, batch, threads } = workload;
  const peers =
    python === undefined
      ? []
      : WAYS.filter((way) => way !== 'bfloat16').map((way) => ({ form: 'tuned', way }) as const);
  const candidates = [
    ...pinning(TRIALS, 1).map((prefix, trial) => ({
      name: `trial ${trial + 1}`,
      start: () => startOwn('step', mode, { case: id, batch, threads: 1 }, prefix),
    })),
    ...peers.map((peer) => ({
      name: peerName(peer),
      start: () => startPeer({ task: 'step', ...peer, ...workload }, python!),
    })),
  ];
  return withContenders(candidates, onNote, async (contenders) => {
    checkParameters(id, contenders);
    const trials = contenders.slice(0, TRIALS);
    const others = contenders.slice(TRIALS);
    const runs = Math.ceil(steps / ROUNDS);
    const together: number[] = [];
    const inTurn = new Map<string, number[]>(others.map(({ name }) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await Promise.all(trials.map(({ process }) => process.measure(runs)));
      together.push((performance.now() - start) / runs);
      for (const { name, process } of others)
        inTurn.get(name)!.push(...(await process.measure(1 + runs)).ms.slice(1).map((ms) => TRIALS * ms));
    }
    const fastest = fastestOf(peers, inTurn, median);
    return [
      {
        case: id,
        mode,
        batch,
        threads,
        msTogether: rounded(median(together)),
        ...(fastest && {
          msPyTorch: rounded(fastest.time),
          fastest: fastest.name,
          ratio: rounded(median(together) / fastest.time),
        }),
      },
    ];
  });
}
