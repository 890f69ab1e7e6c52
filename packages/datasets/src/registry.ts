import { WeightmapError, type Dataset, type DatasetLoader, type DatasetOptions } from '@weightmap/core';
import { cifar10 } from './cifar10.js';
import { digits } from './digits.js';
import { iwildcam, iwildcam2class } from './iwildcam.js';
import { mnist } from './mnist.js';

/** Every dataset by its id; what is listed here is offered by the command and tested by the contract. */
export const datasets = {
  mnist,
  cifar10,
  iwildcam,
  'iwildcam-2class': iwildcam2class,
  digits,
} as const satisfies Record<string, DatasetLoader>;

/** Id of a dataset of the registry. */
export type DatasetId = keyof typeof datasets;

/** Whether the registry has a dataset of that id. */
export const isDatasetId = (id: string): id is DatasetId => Object.hasOwn(datasets, id);

/**
 * Loads a dataset by its id.
 *
 * @throws WeightmapError if there is none of that id, or from its loader.
 */
export async function loadDataset(id: string, options: DatasetOptions): Promise<Dataset> {
  if (!isDatasetId(id))
    throw new WeightmapError(`There is no dataset "${id}".`, { expected: Object.keys(datasets).join(', ') });
  return datasets[id].load(options);
}
