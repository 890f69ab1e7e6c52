import { startOwn } from './_own-process.js';
import { median, rounded, takeTurns, withContenders } from './_turns.js';
import { LAYER, LAYER_KINDS, layerOperations, matrixOperations, type LayerKind } from './measure-layer.js';
import type { Mode } from './modes.js';

/** The speed of a weight map layer, compared with large matrix products on the same machine. */
export interface LayerRow {
  /** Such as `smoothing 28×28, 32 → 32`. */
  readonly layer: string;
  readonly mode: Mode;
  readonly batch: number;
  readonly threads: number;
  /** Forward pass and all gradients, wall clock. */
  readonly msMedian: number;
  readonly msMin: number;
  /** Billions of operations a second, of the three matrix products alone. */
  readonly gflops: number;
  /** Of a product of two large matrices in the same run. */
  readonly peakGflops: number;
  /** gflops / peakGflops of the shortest times, because other load only adds time. */
  readonly share: number;
}

export interface LayerOptions {
  readonly batch: number;
  readonly threads: number;
  /** Runs to time in each process. */
  readonly steps: number;
  readonly modes: readonly Mode[];
  readonly onNote: (note: string) => void;
}

const ROUNDS = 10;

/** Times both kinds of layer and the matrix product in turns. */
export async function benchLayer({
  batch,
  threads,
  steps,
  modes,
  onNote,
}: LayerOptions): Promise<LayerRow[]> {
  const kinds = Object.keys(LAYER_KINDS) as LayerKind[];
  const layers = kinds.flatMap((kind) => modes.map((mode) => ({ kind, mode, name: `${kind}, ${mode}` })));
  const candidates = [
    { name: 'matrix product', start: () => startOwn('matrix-product', 'compiled', { batch, threads }) },
    ...layers.map(({ kind, mode, name }) => ({
      name,
      start: () => startOwn(kind, mode, { batch, threads }),
    })),
  ];
  return withContenders(candidates, onNote, async (contenders) => {
    const rounds = Math.min(steps, ROUNDS);
    const times = await takeTurns(contenders, { rounds, runs: Math.ceil(steps / rounds) });
    const gigaflops = (operations: number, ms: number) => operations / ms / 1e6;
    const peak = gigaflops(matrixOperations, Math.min(...times.get('matrix product')!));
    const { height, width, channels } = LAYER;
    return layers
      .filter(({ name }) => times.has(name))
      .map(({ kind, mode, name }) => {
        const ms = times.get(name)!;
        const reached = gigaflops(layerOperations(batch), Math.min(...ms));
        return {
          layer: `${kind} ${height}×${width}, ${channels} → ${channels}`,
          mode,
          batch,
          threads,

          msMedian: rounded(median(ms)),
          msMin: rounded(Math.min(...ms)),

          gflops: rounded(reached),
          peakGflops: rounded(peak),
          share: rounded(reached / peak),
        };
      });
  });
}
