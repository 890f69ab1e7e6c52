import * as tf from '@tensorflow/tfjs';
import { buildVariant } from '@weightmap/architectures';
import { trainableParameters } from '@weightmap/metrics';
import { adam, packBatch, trainingStep } from '@weightmap/training';
import { decline, serve } from './_serve.js';
import { startEngineFor } from './_start-engine.js';
import { madeImages } from '../plan/made-images.js';
import type { Mode, Workload } from './modes.js';
import { networkCase } from './network-case.js';

const WARM_UP = 3;

/** The inside of a measuring process: the training step of `@weightmap/training` on one batch, again and again. */
export async function measureStep(mode: Mode, { case: name, batch, threads }: Workload): Promise<void> {
  const missing = await startEngineFor(mode, threads);
  if (missing) return decline(missing);
  const { variant, spec } = networkCase(name);
  const model = buildVariant(variant.id, { spec, seed: 1 });
  const step = trainingStep(model, adam(1e-3));
  const images = packBatch(madeImages(spec, batch));
  // As training does: every step's loss is read before the next step.
  const run = () => tf.tidy(() => step(images).dataSync()[0]);
  for (let i = 0; i < WARM_UP; i++) run();
  await serve({ parameters: trainableParameters(model) }, run);
}
