import { mkdir, rm } from 'node:fs/promises';
import { buildVariant, findVariant } from '@weightmap/architectures';
import { fgsm, uniformNoise } from '@weightmap/attacks';
import {
  asClassifier,
  firstOf,
  RECORD_SCHEMA_VERSION,
  type CellConfig,
  type Dataset,
  type OnProgress,
  type RunRecord,
} from '@weightmap/core';
import { compiledClassifier, type EngineInfo } from '@weightmap/engine';
import { flops, robustnessCurve, testError, trainableParameters } from '@weightmap/metrics';
import { saveModel, train, type EpochReport } from '@weightmap/training';
import { drawGradCam } from './grad-cam-pictures.js';
import { measureFeatures } from './measure-features.js';
import { provenanceOf } from './provenance.js';
import { cellId, cellPaths, writeRecord } from './records/index.js';
import { appendHistory, logToTensorBoard } from './history.js';

export interface CellOptions {
  /** The run's folder. */
  run: string;
  /** The parts that the cell names, after any limit. */
  dataset: Dataset;
  engine: EngineInfo;
  /** Test images that get Grad-CAM pictures. */
  gradCamSamples: number;
  /** Whether to write TensorBoard logs. */
  tensorboard: boolean;
  signal?: AbortSignal;
  onEpoch?: (epoch: EpochReport) => void;
  onProgress?: OnProgress;
  onNote?: (note: string) => void;
}

/**
 * One cell of the grid, from data to record: build, train, attack, measure, write.
 *
 * @returns the record, or null if the signal stopped it (its checkpoint stays).
 */
export async function runCell(cell: CellConfig, options: CellOptions): Promise<RunRecord | null> {
  const { run, dataset, engine, signal, onEpoch, onProgress, onNote } = options;
  const { variant, seed, evaluation } = cell;
  const paths = cellPaths(run, cell);
  await mkdir(paths.folder, { recursive: true });
  await rm(paths.history, { force: true }); // the epochs of a checkpoint are told again
  const model = buildVariant(variant, { spec: dataset.spec, seed });
  const classifier = compiledClassifier(asClassifier(model, { bounds: [0, 1] }));
  const log = options.tensorboard ? logToTensorBoard(paths.tensorboard) : () => {};
  try {
    const trained = await train(model, dataset, cell.training, {
      ...{ seed, signal, onProgress, onNote },
      checkpointDir: paths.checkpoint,
      onEpoch(epoch) {
        appendHistory(paths.history, epoch);
        log(epoch);
        onEpoch?.(epoch);
      },
    });
    if (trained.stopped) return null;
    await saveModel(model, paths.weights);

    const started = performance.now();
    const attacked = firstOf(dataset.test, evaluation.robustnessImages ?? Number.POSITIVE_INFINITY);
    const curve = { seed, onProgress };
    const noise = uniformNoise({ rescale: evaluation.noiseRescale });
    const noiseCurve = await robustnessCurve(classifier, attacked, noise, evaluation.betas, curve);
    const fgsmCurve = await robustnessCurve(classifier, attacked, fgsm(), evaluation.epsilons, curve);
    const features = { seed, layer: findVariant(variant).gradCamLayer, evaluation };
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
      parameters: trainableParameters(model),
      flops: flops(model),
      testErrorPercent: testError(classifier, dataset.test),
      history: [...trained.history],
      noise: noiseCurve.map(({ strength, errorPercent }) => ({ beta: strength, errorPercent })),
      fgsm: fgsmCurve.map(({ strength, errorPercent }) => ({ epsilon: strength, errorPercent })),
      gradCam: await drawGradCam(model, classifier, dataset, {
        ...features,
        folder: paths.folder,
        samples: options.gradCamSamples,
      }),
      ...(await measureFeatures(model, classifier, dataset, { ...features, onProgress })),
      seconds: { training: trained.seconds, evaluation: (performance.now() - started) / 1000 },
      provenance: provenanceOf(engine),
    };
    await writeRecord(run, record);
    return record;
  } finally {
    classifier.dispose();
    model.dispose();
  }
}
