import { attacks, corruptions, type AttackId, type CorruptionBenchmark } from '@weightmap/attacks';
import { countOf, firstOf, type CellConfig, type Dataset, type OnProgress } from '@weightmap/core';
import type { EngineInfo } from '@weightmap/engine';
import { robustnessCurve, testError, type CorruptionErrors } from '@weightmap/metrics';
import { cellPaths } from '../records/index.js';
import { digestOf, openEvaluationCache } from './evaluation-cache.js';
import { openNetwork } from './open-network.js';

/** Images at a time; they take part in naming the random streams. */
const BATCH = 100;

export interface CellCorruptionOptions {
  readonly run: string;
  readonly dataset: Dataset;
  readonly engine: EngineInfo;
  /** Test images, the first ones. */
  readonly images: number;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** Whose severities suit images: those for gray ones or for colours. */
export const benchmarkFor = ({ spec }: Dataset): CorruptionBenchmark =>
  spec.channels === 1 ? 'mnist-c' : 'cifar10-c';

/**
 * The errors of the trained network of a finished cell under the corruptions of a benchmark.
 *
 * What was done before, for these weights, this corruption and this severity, is taken from the cell's folder.
 *
 * @throws whatever the signal's reason is when it is aborted; WeightmapError if the weights are missing or damaged.
 */
export async function corruptCell(
  cell: CellConfig,
  { run, dataset, engine, images, signal, onProgress }: CellCorruptionOptions,
): Promise<CorruptionErrors> {
  const paths = cellPaths(run, cell);
  const network = await openNetwork(paths.weights);
  const { model, classifier } = network;
  try {
    const cache = openEvaluationCache(paths.evaluation, digestOf(model));
    const set = firstOf(dataset.test, images);
    const circumstances = {
      ...{ data: dataset.checksum, seed: cell.seed, engine: engine.name, images: countOf(set) },
    };
    const options = {
      ...{ seed: cell.seed, batchSize: BATCH },
      onProgress: (progress: Parameters<OnProgress>[0]) => {
        signal.throwIfAborted();
        onProgress?.(progress);
      },
    };
    const corrupted: Record<string, readonly number[]> = {};
    for (const [id, severities] of Object.entries(corruptions[benchmarkFor(dataset)])) {
      signal.throwIfAborted();
      const noise = attacks[id as AttackId]();
      corrupted[id] = await cache.entries(`corruption-${id}`, circumstances, severities, async (missing) => {
        const points = await robustnessCurve(classifier, set, noise, missing, options);
        return points.map(({ errorPercent }) => errorPercent);
      });
    }
    return { clean: testError(classifier, set, { batchSize: BATCH }), corrupted };
  } finally {
    network.dispose();
  }
}
