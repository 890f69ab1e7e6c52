import { WeightmapError, type Dataset, type DatasetLoader, type DatasetOptions } from '@weightmap/core';
import { cifar10 } from './cifar10.js';
import { digits } from './digits.js';
import { iwildcam, iwildcam2class } from './iwildcam.js';
import { mnist } from './mnist.js';

/** The loaders of all datasets by id: the command offers each of them, and the contract test tests it. */
export const datasets = {
  mnist,
  cifar10,
  iwildcam,
  'iwildcam-2class': iwildcam2class,
  digits,
} as const satisfies Record<string, DatasetLoader>;

/** Id of a dataset of the registry. */
export type DatasetId = keyof typeof datasets;

/** Whether there is a dataset with that id: for a string that comes from elsewhere. */
export const isDatasetId = (id: string): id is DatasetId => Object.hasOwn(datasets, id);

/**
 * Loads a dataset: its training, validation and test images.
 *
 * @param id such as `mnist`; `isDatasetId` checks a string that comes from elsewhere.
 * @throws WeightmapError if there is no dataset with that id, or if its loader fails.
 */
export async function loadDataset(id: DatasetId, options: DatasetOptions): Promise<Dataset> {
  if (!isDatasetId(id))
    throw new WeightmapError(`There is no dataset "${String(id)}".`, {
      expected: Object.keys(datasets).join(', '),
    });
  return datasets[id].load(options);
}
