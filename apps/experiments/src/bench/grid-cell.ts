import { WeightmapError } from '@weightmap/core';
import type { CellConfig } from '@weightmap/records';
import { datasetLoader } from '../plugins/components.js';
import { blankDataset } from '../plan/find-dataset.js';
import { expandGrid } from '../plan/grid.js';
import { presets } from '../plan/presets.js';
import { networkCase } from './network-case.js';

/** The time that a unit of each part of a cell takes, in milliseconds. */
export interface CellTimes {
  /** A training step, with choosing and shifting its images. */
  readonly step: number;
  /** An image of the validation after an epoch, with storing the checkpoint. */
  readonly validation: number;
  /** An image at all strengths of noise. */
  readonly noise: number;
  /** An image at all strengths of FGSM. */
  readonly fgsm: number;
}

/** The parts of a whole cell, in seconds. */
export interface CellSeconds {
  /** What doesn't grow with the number of steps and images, from the start of the process. */
  readonly start: number;
  /** The steps of all epochs, and the validation after each. */
  readonly training: number;
  /** The error on the test images, plainly and under noise and FGSM. */
  readonly evaluation: number;
}

/**
 * A cell of the preset `standard`, with a network of choice.
 *
 * @throws WeightmapError if the number of images of the case's dataset isn't known without loading it.
 */
export function cellOf(name: string, batch: number): CellConfig {
  const { variant, dataset } = networkCase(name);
  const blank = blankDataset(datasetLoader(dataset), {});
  if (!blank)
    throw new WeightmapError(`The number of images of ${dataset} isn't known.`, {
      where: `--cases ${name}`,
      expected: 'a case on mnist or cifar10, whose published sizes a cell is scaled to',
    });
  const [cell] = expandGrid([variant], blank, presets.standard, 1);
  return { ...cell, training: { ...cell.training, batchSize: batch } };
}

/** Scales the times of a shortened cell to the steps and images of the whole one. The error on the test images takes as long as validating as many. */
export function cellSeconds(
  { dataset, training: { epochs, batchSize } }: CellConfig,
  start: number,
  { step, validation, noise, fgsm }: CellTimes,
): CellSeconds {
  const steps = Math.ceil(dataset.train / batchSize);
  return {
    start,
    training: (epochs * (steps * step + dataset.validation * validation)) / 1000,
    evaluation: (dataset.test * (validation + noise + fgsm)) / 1000,
  };
}
