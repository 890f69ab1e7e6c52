import * as tf from '@tensorflow/tfjs';
import { countOf, sliceOf, type ImageSpec } from '@weightmap/core';
import { trainableParameters } from '@weightmap/metrics';
import type { CellConfig } from '@weightmap/records';
import { adam, evaluate, packBatch, trainingStep } from '@weightmap/training';
import { buildVariant, countFlops } from '../plugins/components.js';
import { madeImages } from './made-images.js';
import { gradientsOfAnImage } from './training-gradients.js';

/** The first few steps record the step and warm up; only those after them are timed. */
const [WARM_UP, TIMED] = [2, 3];
/** Images of the timed forward pass. */
const FORWARD_IMAGES = 256;

/** The time that a network takes on this machine with its engine. */
export interface Pace {
  /** Trainable parameters. */
  readonly parameters: number;
  /** Seconds of a training step, with reading the loss. */
  readonly step: number;
  /** Seconds of a forward pass of one image. */
  readonly image: number;
}

/** What is known of a network without running it. */
export interface NetworkSize {
  /** Trainable. */
  readonly parameters: number;
  /** Executed for one image; null if a layer of a plugin has no rule for them. */
  readonly flops: number | null;
}

export function sizeOfNetwork(variant: string, spec: ImageSpec): NetworkSize {
  const model = buildVariant(variant, { spec, seed: 0 });
  try {
    return { parameters: trainableParameters(model), flops: flopsOf(model) };
  } finally {
    model.dispose();
  }
}

function flopsOf(model: tf.LayersModel): number | null {
  try {
    return countFlops(model).executed;
  } catch {
    return null;
  }
}

/** Times a few training steps and a forward pass of a network on random images. */
export async function measurePace(variant: string, spec: ImageSpec, batchSize: number): Promise<Pace> {
  const model = buildVariant(variant, { spec, seed: 0 });
  const optimizer = adam(1e-3);
  const step = trainingStep(model, optimizer);
  const images = madeImages(spec, FORWARD_IMAGES);
  const batch = packBatch(sliceOf(images, 0, Math.min(batchSize, countOf(images))));
  try {
    const run = () => tf.tidy(() => step(batch).dataSync());
    for (let i = 0; i < WARM_UP; i++) run();
    const training = seconds(performance.now());
    for (let i = 0; i < TIMED; i++) run();
    const stepTime = training() / TIMED;
    await evaluate(model, images);
    const forward = seconds(performance.now());
    await evaluate(model, images);
    return { parameters: trainableParameters(model), step: stepTime, image: forward() / FORWARD_IMAGES };
  } finally {
    tf.dispose([batch.pixels, batch.labels]);
    step.dispose();
    optimizer.dispose();
    model.dispose();
  }
}

const seconds = (start: number) => () => (performance.now() - start) / 1000;

/**
 * Estimates a cell's seconds: its training steps, validation, and a forward pass for every image and strength. A defence's steps
 * take as long as their gradients; the networks that it needs before are trained as a plain one.
 */
export function estimateCell(cell: CellConfig, { step, image }: Pace): number {
  const { dataset, training, evaluation } = cell;
  const steps = gradientsOfAnImage(cell) * training.epochs * Math.ceil(dataset.train / training.batchSize);
  const attacked = Math.min(dataset.test, evaluation.robustnessImages ?? dataset.test);
  const strengths = evaluation.betas.length + evaluation.epsilons.length;
  const forward = training.epochs * dataset.validation + dataset.test + strengths * attacked;
  return steps * step + forward * image;
}
