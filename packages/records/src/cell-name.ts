import type { CellConfig } from './run-record.js';

/** What people read of a cell, wherever it is named: `cnn-33 trial 1`. */
export const cellName = ({ variant, dataset, trial }: CellConfig): string =>
  placeName({ variant, dataset: dataset.id, trial });

/**
 * The same of a row of results; the dataset's id where it isn't the one that every row has: `resnet-conv on cifar10 trial 1`.
 *
 * @param place the dataset by its id.
 */
export const placeName = ({
  variant,
  dataset,
  trial,
}: {
  readonly variant: string;
  readonly dataset: string;
  readonly trial: number;
}): string =>
  dataset === 'mnist' || dataset === 'digits'
    ? `${variant} trial ${trial}`
    : `${variant} on ${dataset} trial ${trial}`;
