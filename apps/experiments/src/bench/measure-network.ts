import * as tf from '@tensorflow/tfjs';
import { attacks } from '@weightmap/attacks';
import { buildVariant } from '@weightmap/architectures';
import { asClassifier } from '@weightmap/core';
import { compiledClassifier } from '@weightmap/engine';
import { robustnessCurve, trainableParameters } from '@weightmap/metrics';
import { adam, packBatch, trainingStep } from '@weightmap/training';
import { standardEvaluation } from '../plan/presets.js';
import { decline, serve, startEngineFor } from './_serve.js';
import { madeImages } from '../plan/made-images.js';
import type { Mode, Workload } from './modes.js';
import { networkCase } from './network-case.js';

/** The sweeps that are measured, with the strengths of the paper's figures. */
export const SWEEPS = {
  'uniform-noise': standardEvaluation.betas,
  fgsm: standardEvaluation.epsilons,
} as const satisfies Partial<Record<keyof typeof attacks, readonly number[]>>;

export type Sweep = keyof typeof SWEEPS;

/** Runs in a measuring process: times measuring the error under an attack at every strength. */
export async function measureSweep(
  sweep: Sweep,
  mode: Mode,
  { case: name, batch, threads, images }: Workload & { images: number },
): Promise<void> {
  const missing = await startEngineFor(mode, threads);
  if (missing) return decline(missing);
  const { variant, spec } = networkCase(name);
  const model = buildVariant(variant.id, { spec, seed: 1 });
  const classifier = compiledClassifier(asClassifier(model));
  const attack = attacks[sweep]();
  const curve = (count: number) =>
    robustnessCurve(classifier, madeImages(spec, count), attack, SWEEPS[sweep], {
      seed: 1,
      batchSize: batch,
    });
  await curve(Math.min(batch, images)); // records the steps
  const set = madeImages(spec, images);
  await serve({ parameters: trainableParameters(model) }, () =>
    robustnessCurve(classifier, set, attack, SWEEPS[sweep], { seed: 1, batchSize: batch }),
  );
}

const WARM_UP = 3;

/** Runs in a measuring process: times the training step of `@weightmap/training` on one batch. */
export async function measureStep(mode: Mode, { case: name, batch, threads }: Workload): Promise<void> {
  const missing = await startEngineFor(mode, threads);
  if (missing) return decline(missing);
  const { variant, spec } = networkCase(name);
  const model = buildVariant(variant.id, { spec, seed: 1 });
  const step = trainingStep(model, adam(1e-3));
  const images = packBatch(madeImages(spec, batch));
  // As in training, the loss is read before the next step.
  const run = () => tf.tidy(() => step(images).dataSync()[0]);
  for (let i = 0; i < WARM_UP; i++) run();
  await serve({ parameters: trainableParameters(model) }, run);
}
