import { startOwn } from './_own-process.js';
import { checkParameters, median, rounded, takeTurns, withContenders } from './_turns.js';
import { SWEEPS, type Sweep } from './measure-network.js';
import type { Mode, Workload } from './modes.js';
import { fastestOf, peerName, startPeer, WAYS } from './peers.js';

/** The time to measure the error of a network under an attack, at every strength of a figure. */
export interface SweepRow {
  readonly case: string;
  readonly sweep: Sweep;
  /** A mode of the engine, or the name of a peer. */
  readonly mode: string;
  readonly batch: number;
  readonly threads: number;
  readonly images: number;
  readonly strengths: number;
  /** Of a whole sweep, wall clock: the median of the runs. */
  readonly seconds: number;
  /** Attacked images: images × strengths / seconds. */
  readonly imagesPerSecond: number;
  /** seconds divided by those of PyTorch's fastest float32 form; only for the engine's mode. */
  readonly ratio?: number;
  /** The name of that form. */
  readonly fastest?: string;
}

export interface SweepOptions extends Workload {
  readonly mode: Mode;
  /** Test images. */
  readonly images: number;
  readonly rounds: number;
  readonly python?: string;
  readonly onNote: (note: string) => void;
}

/** Times the noise and the FGSM sweep of one case, with our engine and PyTorch in turns. */
export async function benchSweeps(options: SweepOptions): Promise<SweepRow[]> {
  const rows: SweepRow[] = [];
  for (const sweep of Object.keys(SWEEPS) as Sweep[]) rows.push(...(await benchSweep(sweep, options)));
  return rows;
}

async function benchSweep(
  sweep: Sweep,
  { mode, images, rounds, python, onNote, ...workload }: SweepOptions,
): Promise<SweepRow[]> {
  const { case: id, batch, threads } = workload;
  const peers = python === undefined ? [] : WAYS.map((way) => ({ form: 'tuned', way }) as const);
  const candidates = [
    ...peers.map((peer) => ({
      name: peerName(peer),
      start: () =>
        startPeer({ task: sweep, ...peer, strengths: SWEEPS[sweep], images, ...workload }, python!),
    })),
    { name: mode, start: () => startOwn(sweep, mode, { case: id, batch, threads, images }) },
  ];
  return withContenders(candidates, onNote, async (contenders) => {
    checkParameters(id, contenders);
    const times = await takeTurns(contenders, { rounds, runs: 1, warm: false });
    const fastest = fastestOf(peers, times, median);
    return contenders.map(({ name }) => {
      const seconds = median(times.get(name)!) / 1000;
      const strengths = SWEEPS[sweep].length;
      return {
        case: id,
        sweep,
        mode: name,
        batch,
        threads,
        images,
        strengths,

        seconds: rounded(seconds),
        imagesPerSecond: rounded((images * strengths) / seconds),
        ...(fastest &&
          name === mode && { ratio: rounded((1000 * seconds) / fastest.time), fastest: fastest.name }),
      };
    });
  });
}
