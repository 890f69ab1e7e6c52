import { startOwn } from './_own-process.js';
import { checkParameters, median, rounded, takeTurns, withContenders } from './_turns.js';
import type { Mode, Workload } from './modes.js';
import { fastestOf, peerName, peersOf, startPeer } from './peers.js';

/** The times of one case in one mode of the engine, or in one form and way of PyTorch. */
export interface StepRow {
  readonly case: string;
  /** A mode of the engine, or the name of a peer. */
  readonly mode: string;
  readonly batch: number;
  readonly threads: number;
  /** Trainable parameters. */
  readonly parameters: number;
  /** Of one training step, wall clock. */
  readonly msMedian: number;
  readonly msMin: number;
  /** Timed steps. */
  readonly steps: number;
  /** Seconds until the first step was done three times, with compiling; only of PyTorch. */
  readonly warmUpSeconds?: number;
  /** msMedian divided by that of PyTorch's fastest float32 form in the same run; only for the engine's modes. */
  readonly ratio?: number;
  /** The name of that form. */
  readonly fastest?: string;
  /** The same ratio to each peer, by its name without `pytorch-`. */
  readonly ratios?: Readonly<Record<string, number>>;
}

export interface StepOptions extends Workload {
  readonly modes: readonly Mode[];
  /** Steps to time in each process. Slow processes run fewer, at least one a round. */
  readonly steps: number;
  /** The Python interpreter whose PyTorch to compare with. */
  readonly python?: string;
  /** Called with what is left out, and why. */
  readonly onNote: (note: string) => void;
}

const ROUNDS = 5;
/** The most milliseconds of a contender's turn. */
const TURN_MS = 3000;

/**
 * Times the training step of one case, each mode and form in a process of its own.
 *
 * @throws WeightmapError if a process fails, or if PyTorch's network has another number of parameters.
 */
export async function benchSteps({
  modes,
  python,
  steps,
  onNote,
  ...workload
}: StepOptions): Promise<StepRow[]> {
  const { case: id, batch, threads } = workload;
  const peers = python === undefined ? [] : peersOf(id);
  const candidates = [
    // PyTorch first: if it is missing, the error comes at once.
    ...peers.map((peer) => ({
      name: peerName(peer),
      start: () => startPeer({ task: 'step', ...peer, ...workload }, python!),
    })),
    ...modes.map((mode) => ({
      name: mode,
      start: () => startOwn('step', mode, { case: id, batch, threads }),
    })),
  ];
  return withContenders(candidates, onNote, async (contenders) => {
    checkParameters(id, contenders);
    const rounds = Math.min(steps, ROUNDS);
    const times = await takeTurns(contenders, { rounds, runs: Math.ceil(steps / rounds), turnMs: TURN_MS });
    const own = contenders.filter(({ name }) => !name.startsWith('pytorch-'));
    const timedPeers = contenders.filter((contender) => !own.includes(contender));
    const fastest = fastestOf(peers, times, median);
    return [...own, ...timedPeers].map((contender) => {
      const { name, ready } = contender;
      const ms = times.get(name)!;
      const against = (peer: string) => rounded(median(ms) / median(times.get(peer)!));
      return {
        case: id,
        mode: name,
        batch,
        threads,
        parameters: ready.parameters!,

        msMedian: rounded(median(ms)),
        msMin: rounded(Math.min(...ms)),
        steps: ms.length,
        ...(ready.warmUpSeconds !== undefined && { warmUpSeconds: rounded(ready.warmUpSeconds) }),
        ...(fastest &&
          own.includes(contender) && {
            ratio: against(fastest.name),
            fastest: fastest.name,
            ratios: Object.fromEntries(
              timedPeers.map((peer) => [peer.name.replace('pytorch-', ''), against(peer.name)]),
            ),
          }),
      };
    });
  });
}
