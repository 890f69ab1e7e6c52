import { NotFoundError, type Dataset, type DatasetOptions } from '@weightmap/core';
import { datasets, type DatasetId } from '@weightmap/datasets';
import { unknownName } from './_nearest.js';

export interface FindOptions extends DatasetOptions {
  /** Whether the procedural digits may stand in. */
  substitute: boolean;
  onNote: (note: string) => void;
}

/**
 * Loads a dataset; where it is allowed, the procedural digits stand in for one that can't be had.
 *
 * A dataset that is there but damaged is never replaced: that is an error to be mended.
 */
export async function findDataset(
  id: string,
  { substitute, onNote, ...options }: FindOptions,
): Promise<Dataset> {
  if (!Object.hasOwn(datasets, id)) throw unknownName('dataset', id, Object.keys(datasets));
  const load = (name: DatasetId) => datasets[name].load(options);
  try {
    return await load(id as DatasetId);
  } catch (error) {
    if (!(error instanceof NotFoundError) || !substitute) throw error;
    onNote(`${datasets[id as DatasetId].label} was not found and could not be downloaded:`);
    onNote(`the procedural digits stand in for it; results can't be compared with the paper's`);
    return load('digits');
  }
}
