import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs';
import { buildVariant } from '@weightmap/architectures';
import { randomStream, type ImageSpec } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import { trainableParameters } from '@weightmap/metrics';
import { adam, packBatch, trainingStep, type PackedBatch } from '@weightmap/training';
import type { Mode, Workload } from './modes.js';
import { networkCase } from './network-case.js';
import type { Ready } from './_stopwatch-process.js';

const WARM_UP = 3;

/**
 * The inside of a measuring process: the training step of `@weightmap/training` on one batch of made images, again and
 * again. Speaks as `StopwatchProcess` expects.
 */
export async function measureStep(mode: Mode, { case: name, batch, threads }: Workload): Promise<void> {
  const engine = await startEngine({ threads });
  if (mode === 'fused' && !engine.kernels?.startsWith('fused'))
    return say({ parameters: 0, missing: 'there are no fused kernels here: `npm run setup` tells why' });
  if (mode !== 'eager' && engine.name !== 'native')
    return say({ parameters: 0, missing: `the ${engine.name} engine doesn't compile` });

  const { variant, spec } = networkCase(name);
  const model = buildVariant(variant.id, { spec, seed: 1 });
  const step = trainingStep(model, adam(1e-3));
  const images = madeBatch(spec, batch);
  // As training does: every step's loss is read before the next step.
  const run = () => tf.tidy(() => step(images).dataSync()[0]);
  for (let i = 0; i < WARM_UP; i++) run();
  say({ parameters: trainableParameters(model) });
  for await (const line of createInterface({ input: process.stdin }))
    say({ ms: Array.from({ length: Number(line) }, () => milliseconds(run)) });
}

function madeBatch({ height, width, channels, classes }: ImageSpec, size: number): PackedBatch {
  const random = randomStream(1, 'bench');
  return packBatch({
    pixels: Uint8Array.from({ length: size * height * width * channels }, () => random.integer(256)),
    labels: Uint8Array.from({ length: size }, (_, i) => i % classes.length),
  });
}

function milliseconds(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function say(line: Ready | { ms: number[] }): void {
  console.log(JSON.stringify(line));
}
