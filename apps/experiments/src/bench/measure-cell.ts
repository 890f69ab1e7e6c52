import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Dataset, OnProgress } from '@weightmap/core';
import { buildVariant } from '@weightmap/architectures';
import { startEngine, type EngineInfo } from '@weightmap/engine';
import { trainableParameters } from '@weightmap/metrics';
import type { CellConfig } from '@weightmap/records';
import { runCell } from '../cells/run-cell.js';
import { madeImages } from '../plan/made-images.js';
import { presets, standardEvaluation } from '../plan/presets.js';
import { decline, lackOf, serveTimes } from './_serve.js';
import { cellOf, type CellTimes } from './grid-cell.js';
import type { Mode, Workload } from './modes.js';
import { networkCase } from './network-case.js';

/** The sizes of a shortened cell. */
export interface ShortCell {
  /** Training steps in each of its two epochs; the second one is timed. At least two. */
  readonly steps: number;
  /** Images of the validation, and of each sweep. */
  readonly images: number;
  /** Images of the activation variances and of Grad-CAM's sharpness, and pictures. Default: a few. */
  readonly features?: { readonly images: number; readonly pictures: number };
}

/** Epochs of a shortened cell: one to warm up, and one that is timed. */
const EPOCHS = 2;
const WARM_UP_IMAGES = 256;
const FEW = { images: 16, pictures: 0 };

/**
 * Runs in a measuring process: runs shortened cells as a worker of a grid does, on images in memory, and times their parts. It is
 * ready after a first one, with the activation variances, Grad-CAM and pictures of a whole cell, which are not measured again.
 */
export async function measureCell(
  mode: Mode,
  { case: name, batch, threads, steps, images }: Workload & Pick<ShortCell, 'steps' | 'images'>,
): Promise<void> {
  const engine = await startEngine({ threads, onSlower: () => {} });
  const missing = lackOf(mode, engine);
  if (missing) return decline(missing);
  const { variant, spec } = networkCase(name);
  const model = buildVariant(variant.id, { spec, seed: 1 });
  const parameters = trainableParameters(model);
  model.dispose();
  const whole = { images: standardEvaluation.sharpnessImages, pictures: presets.standard.gradCamSamples };
  await timeCell(name, batch, engine, { steps: 2, images: WARM_UP_IMAGES, features: whole });
  await serveTimes({ parameters }, async () => {
    const { step, validation, noise, fgsm } = await timeCell(name, batch, engine, { steps, images });
    return [step, validation, noise, fgsm];
  });
}

/** Runs a shortened cell of a case in a temporary folder. */
export async function timeCell(
  name: string,
  batch: number,
  engine: EngineInfo,
  { steps, images, features = FEW }: ShortCell,
): Promise<CellTimes> {
  const run = await mkdtemp(path.join(os.tmpdir(), 'weightmap-grid-'));
  const { progress, between, perUnit } = clock();
  const whole = cellOf(name, batch);
  const sizes = { train: steps * batch, validation: images, test: Math.max(images, features.images) };
  const cell: CellConfig = {
    ...whole,
    dataset: { ...whole.dataset, ...sizes },
    training: { ...whole.training, epochs: EPOCHS },
    evaluation: {
      ...whole.evaluation,
      robustnessImages: images,
      varianceImages: features.images,
      sharpnessImages: features.images,
    },
  };
  try {
    await runCell(cell, {
      ...{ run, engine, dataset: madeDataset(name, cell), tensorboard: false },
      gradCamSamples: features.pictures,
      signal: new AbortController().signal,
      isOurs: () => true,
      onProgress: progress,
      onEpoch: ({ epoch }) => progress({ stage: 'epoch', done: epoch, total: EPOCHS }),
    });
  } finally {
    await rm(run, { recursive: true, force: true });
  }
  const last = { stage: 'train', done: EPOCHS * steps };
  const first = { stage: 'train', done: (EPOCHS - 1) * steps + 1 };
  return {
    step: between(first, last) / (steps - 1),
    validation: between(last, { stage: 'epoch', done: EPOCHS }) / images,
    noise: perUnit('uniform-noise'),
    fgsm: perUnit('fgsm'),
  };
}

interface Mark {
  readonly stage: string;
  readonly done: number;
}

/** Notes when a cell reports its progress. */
function clock() {
  const marks: (Mark & { readonly at: number })[] = [];
  const progress: OnProgress = ({ stage, done }) => marks.push({ stage, done, at: performance.now() });
  const at = (mark: Mark) => marks.find(({ stage, done }) => stage === mark.stage && done === mark.done)!.at;
  return {
    progress,
    /** Milliseconds between two reports. */
    between: (from: Mark, to: Mark) => at(to) - at(from),
    /** Milliseconds for each unit of a stage after its first report, until which it compiles; from its beginning on if that is all. */
    perUnit: (stage: string) => {
      const own = marks.filter((mark) => mark.stage === stage);
      const [first, last] = [own[0], own[own.length - 1]];
      if (own.length > 1) return (last.at - first.at) / (last.done - first.done);
      return (last.at - marks[marks.indexOf(first) - 1].at) / last.done;
    },
  };
}

/** Images of random pixels, under the name of the cell's dataset. */
function madeDataset(name: string, cell: CellConfig): Dataset {
  const { id, label, checksum, train, validation, test } = cell.dataset;
  const { spec } = networkCase(name);
  const [trained, validated, tested] = [train, validation, test].map((count) => madeImages(spec, count));
  return {
    ...{ id, label, spec, checksum, source: 'made', notes: [] },
    ...{ train: trained, validation: validated, test: tested },
  };
}
