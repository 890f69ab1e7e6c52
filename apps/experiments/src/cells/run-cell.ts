import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { LayersModel } from '@tensorflow/tfjs';
import { fgsm, uniformNoise } from '@weightmap/attacks';
import { balancedSubset, countOf, type Attack, type Dataset, type OnProgress } from '@weightmap/core';
import type { EngineInfo } from '@weightmap/engine';
import { robustnessCurve } from '@weightmap/metrics';
import {
  cellId,
  cellPaths,
  openEvaluationCache,
  RECORD_SCHEMA_VERSION,
  writeRecord,
  type CellConfig,
  type RunRecord,
} from '@weightmap/records';
import { saveModel, type EpochReport } from '@weightmap/training';
import { findVariant } from '../plugins/components.js';
import { buildNetwork, defendNetwork, trainCell, type MeasuredNetwork } from './defended-network.js';
import { drawGradCam } from './grad-cam-pictures.js';
import { measureFeatures } from './measure-features.js';
import { measureMetrics } from './measure-metrics.js';
import { provenanceOf } from './provenance.js';
import { sharpnessFrame } from './sharpness-frame.js';
import { sideFigures } from './side-figures.js';
import { appendHistory, logToTensorBoard } from './history.js';

type Features = Pick<RunRecord, 'activationVariance' | 'gradCamSharpness'>;

/** Images in a forward pass of a metric. */
const BATCH = 256;

export interface CellOptions {
  /** The run's folder. */
  run: string;
  /** The images of the cell, after any limit. */
  dataset: Dataset;
  engine: EngineInfo;
  /** Number of test images that Grad-CAM pictures are drawn of. */
  gradCamSamples: number;
  /** Whether to write TensorBoard logs. */
  tensorboard: boolean;
  /** See `TrainingOptions`. */
  checkpointSeconds?: number;
  signal: AbortSignal;
  /** Called before the record is written: whether this process still holds the cell's lease. */
  isOurs: () => boolean;
  onEpoch?: (epoch: EpochReport) => void;
  onProgress?: OnProgress;
  onNote?: (note: string) => void;
}

/**
 * Runs one cell of the grid, from data to record: build, train, attack, measure, write.
 *
 * @param options.run the caller holds the lease of the cell's folder.
 * @returns the record, or null if the signal stopped it (checkpoint and measurements stay).
 */
export async function runCell(cell: CellConfig, options: CellOptions): Promise<RunRecord | null> {
  const { run, dataset, engine, signal, onEpoch, onNote } = options;
  const onProgress: OnProgress = (progress) => {
    options.onProgress?.(progress);
    // Training stops by itself with a checkpoint; a measurement is dropped.
    if (progress.stage !== 'train') signal.throwIfAborted();
  };
  const { variant, seed, evaluation } = cell;
  const paths = cellPaths(run, cell);
  await rm(paths.history, { force: true }); // the epochs of a checkpoint are written again
  const model = buildNetwork(cell, dataset.spec);
  let measuredNetwork: MeasuredNetwork | undefined;
  const log = options.tensorboard ? logToTensorBoard(paths.tensorboard) : () => {};
  try {
    const trained = await trainCell(model, cell, {
      run,
      dataset,
      signal,
      onProgress,
      onNote,
      checkpointSeconds: options.checkpointSeconds,
      onEpoch(epoch) {
        appendHistory(paths.history, epoch);
        log(epoch);
        onEpoch?.(epoch);
      },
    });
    if (trained.stopped) return null;
    await saveModel(model, paths.weights);
    measuredNetwork = await defendNetwork(model, cell.defense, () => dataset);
    const { classifier, network } = measuredNetwork;

    const started = performance.now();
    const { subsetSeed } = cell.dataset;
    const attacked = balancedSubset(dataset.test, evaluation.robustnessImages ?? Number.POSITIVE_INFINITY, {
      seed: subsetSeed,
    });
    const curve = { seed, onProgress };
    const cache = openEvaluationCache(paths.evaluation, digestOf(model));
    const circumstances = {
      data: dataset.checksum,
      subsetSeed,
      seed,
      engine: engine.name,
      images: countOf(attacked),
    };
    const sweep = (attack: Attack, strengths: readonly number[], options = {}) =>
      cache.entries(attack.id, { ...circumstances, ...options }, strengths, (missing) =>
        robustnessCurve(classifier, attacked, attack, missing, curve),
      );
    const { noiseRescale: rescale, betas, epsilons } = evaluation;
    const noiseCurve = await sweep(uniformNoise({ rescale }), betas, { rescale });
    const fgsmCurve = await sweep(fgsm(), epsilons);
    const features = { seed, subsetSeed, layer: findVariant(variant).gradCamLayer, evaluation };
    const figures = sideFigures({ signal, onNote });
    // Failures are not stored: `missing` would lack them after a restart.
    const known = await cache.known<Features>('features', { ...circumstances, ...features }, ['all']);
    const [measured] = known ?? [
      await measureFeatures(model, network, dataset, {
        ...features,
        frame: () => sharpnessFrame(variant, dataset.spec),
        onProgress,
        figures,
      }),
    ];
    if (!known && figures.missing.length === 0)
      await cache.entries('features', { ...circumstances, ...features }, ['all'], () =>
        Promise.resolve([measured]),
      );
    const metrics = await measureMetrics(
      { model, classifier, test: dataset.test, batchSize: BATCH, seed },
      { figures, signal },
    );
    const pictures = await figures.attempt('gradCam', [], () =>
      drawGradCam(model, network, dataset, {
        ...features,
        folder: paths.folder,
        samples: options.gradCamSamples,
      }),
    );
    const record: RunRecord = {
      schemaVersion: RECORD_SCHEMA_VERSION,
      cellId: cellId(cell),
      cell,
      variant,
      dataset: dataset.id,
      trial: cell.trial,
      seed,
      epochs: cell.training.epochs,
      selectedEpoch: trained.selectedEpoch,
      ...metrics.fields,
      history: [...trained.history],
      noise: noiseCurve.map(({ strength, errorPercent }) => ({ beta: strength, errorPercent })),
      fgsm: fgsmCurve.map(({ strength, errorPercent }) => ({ epsilon: strength, errorPercent })),
      gradCam: pictures,
      ...measured,
      ...metrics.others,
      ...(figures.missing.length > 0 && { missing: [...figures.missing] }),
      seconds: { training: trained.seconds, evaluation: (performance.now() - started) / 1000 },
      provenance: provenanceOf(engine),
    };
    if (!options.isOurs()) return null;
    await writeRecord(run, record);
    for (const folder of [paths.checkpoint, paths.teachers])
      await rm(folder, { recursive: true, force: true });
    return record;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return null;
    throw error;
  } finally {
    measuredNetwork?.dispose();
    model.dispose();
  }
}

/** SHA-256 of a model's weights. */
function digestOf(model: LayersModel): string {
  const hash = createHash('sha256');
  for (const weight of model.getWeights()) hash.update(weight.dataSync());
  return hash.digest('hex');
}
