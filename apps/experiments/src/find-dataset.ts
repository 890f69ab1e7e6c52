import { NotFoundError, type Dataset, type OnProgress } from '@weightmap/core';
import { datasets, type DatasetId } from '@weightmap/datasets';
import { unknownName } from './_nearest.js';
import type { Preset } from './presets.js';
import type { RunOptions } from './run-grid.js';

/**
 * Loads a dataset; where the protocol allows it, the procedural digits stand in for one that can't be had.
 *
 * A dataset that is there but damaged is never replaced: that is an error to be mended.
 */
export async function findDataset(
  id: string,
  {
    preset,
    options: { data, offline, seed, dataset: asked },
    onProgress,
    onNote,
  }: { preset: Preset; options: RunOptions; onProgress: OnProgress; onNote: (note: string) => void },
): Promise<Dataset> {
  if (!Object.hasOwn(datasets, id)) throw unknownName('dataset', id, Object.keys(datasets));
  const load = (name: DatasetId) => datasets[name].load({ seed, dataDir: data, offline, onProgress });
  try {
    return await load(id as DatasetId);
  } catch (error) {
    if (!(error instanceof NotFoundError) || asked || !preset.substitute) throw error;
    onNote(`${datasets[id as DatasetId].label} was not found and could not be downloaded:`);
    onNote(`the procedural digits stand in for it; results can't be compared with the paper's`);
    return load('digits');
  }
}
