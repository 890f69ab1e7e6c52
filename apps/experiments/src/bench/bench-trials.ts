import { pinning } from '../launchers/cores.js';
import { startOwn } from './_own-process.js';
import { checkParameters, median, rounded, withContenders } from './_turns.js';
import type { Mode, Workload } from './modes.js';
import { startPeer } from './peers.js';

/** Two trials of a case: side by side with one thread each, against PyTorch one after the other with all threads. */
export interface TrialsRow {
  readonly case: string;
  readonly mode: Mode;
  readonly batch: number;
  /** Milliseconds until both trials have done one step: processes of one thread, at the same time. */
  readonly msTogether: number;
  /** The same by PyTorch: twice the time of a step with `threads` threads. */
  readonly msPyTorch?: number;
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
  const candidates = [
    ...pinning(TRIALS, 1).map((prefix, trial) => ({
      name: `trial ${trial + 1}`,
      start: () => startOwn('step', mode, { case: id, batch, threads: 1 }, prefix),
    })),
    ...(python === undefined
      ? []
      : [
          {
            name: 'pytorch-tuned',
            start: () => startPeer({ task: 'step', form: 'tuned', ...workload }, python),
          },
        ]),
  ];
  return withContenders(candidates, onNote, async (contenders) => {
    checkParameters(id, contenders);
    const trials = contenders.slice(0, TRIALS);
    const peer = contenders.at(TRIALS);
    const runs = Math.ceil(steps / ROUNDS);
    const together: number[] = [];
    const inTurn: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await Promise.all(trials.map(({ process }) => process.measure(runs)));
      together.push((performance.now() - start) / runs);
      if (peer) inTurn.push(...(await peer.process.measure(1 + runs)).ms.slice(1).map((ms) => TRIALS * ms));
    }
    return [
      {
        case: id,
        mode,
        batch,
        threads,
        msTogether: rounded(median(together)),
        ...(peer && {
          msPyTorch: rounded(median(inTurn)),
          ratio: rounded(median(together) / median(inTurn)),
        }),
      },
    ];
  });
}
