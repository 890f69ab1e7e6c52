import { NotFoundError, type Dataset, type DatasetOptions } from '@weightmap/core';
import { datasetLoader } from '../plugins/components.js';

export interface FindOptions extends DatasetOptions {
  /** Whether to make do with what there is: the procedural digits stand in for MNIST, other datasets are left out. */
  substitute: boolean;
  onNote: (note: string) => void;
}

/** The dataset that has a substitute, and which. */
const STAND_IN = { for: 'mnist', id: 'digits' } as const;

/**
 * Loads a dataset; where it is allowed, the procedural digits stand in for MNIST.
 *
 * A dataset that is there but damaged is never replaced: that is an error to be mended.
 *
 * @returns null for one that isn't here and may be left out.
 */
export async function findDataset(
  id: string,
  { substitute, onNote, ...options }: FindOptions,
): Promise<Dataset | null> {
  const loader = datasetLoader(id);
  try {
    return await loader.load(options);
  } catch (error) {
    if (!(error instanceof NotFoundError) || !substitute) throw error;
    if (id !== STAND_IN.for) {
      onNote(
        `${loader.label} was not found: its rows are left out (\`weightmap doctor\` says how to get it)`,
      );
      return null;
    }
    onNote(`${loader.label} was not found and could not be downloaded:`);
    onNote(`the procedural digits stand in for it; results can't be compared with the paper's`);
    return datasetLoader(STAND_IN.id).load(options);
  }
}
