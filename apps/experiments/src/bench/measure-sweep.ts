import { attacks } from '@weightmap/attacks';
import { buildVariant } from '@weightmap/architectures';
import { asClassifier } from '@weightmap/core';
import { compiledClassifier } from '@weightmap/engine';
import { robustnessCurve, trainableParameters } from '@weightmap/metrics';
import { standardEvaluation } from '../plan/presets.js';
import { decline, serve } from './_serve.js';
import { startEngineFor } from './_start-engine.js';
import { madeImages } from '../plan/made-images.js';
import type { Mode, Workload } from './modes.js';
import { networkCase } from './network-case.js';

/** The sweeps that are measured, and the strengths of each: those of the paper's figures. */
export const SWEEPS = {
  'uniform-noise': standardEvaluation.betas,
  fgsm: standardEvaluation.epsilons,
} as const satisfies Partial<Record<keyof typeof attacks, readonly number[]>>;

export type Sweep = keyof typeof SWEEPS;

/** The inside of a measuring process: the error under an attack at every strength, over `images` images, again and again. */
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
  await curve(batch); // records the steps
  const set = madeImages(spec, images);
  await serve({ parameters: trainableParameters(model) }, () =>
    robustnessCurve(classifier, set, attack, SWEEPS[sweep], { seed: 1, batchSize: batch }),
  );
}
