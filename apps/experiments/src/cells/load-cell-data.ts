import { balancedSubset, countOf, WeightmapError, type Dataset, type ImageSet } from '@weightmap/core';
import type { CellConfig, Manifest } from '@weightmap/records';
import { datasetLoader } from '../plugins/components.js';

/**
 * Loads the images of a cell, the same as when the run was planned. Nothing is downloaded.
 *
 * @throws WeightmapError if the images have changed.
 */
export async function loadCellData(cell: CellConfig, { data }: Pick<Manifest, 'data'>): Promise<Dataset> {
  const { id, checksum, subsetSeed: seed } = cell.dataset;
  const dataset = await datasetLoader(id).load({ ...data, offline: true });
  const parts = ['train', 'validation', 'test'] as const;
  const isSame =
    dataset.checksum === checksum && parts.every((part) => countOf(dataset[part]) >= cell.dataset[part]);
  if (!isSame)
    throw new WeightmapError(`The images of ${dataset.label} have changed since this run was planned.`, {
      where: dataset.source,
      expected: `data with the checksum ${checksum.slice(0, 12)}…, at least ${parts.map((part) => `${cell.dataset[part]} ${part}`).join(', ')} images`,
      fix: 'give it the same data as before, or start the run again in another folder (--out)',
    });
  const cut = (part: 'train' | 'validation' | 'test'): ImageSet =>
    balancedSubset(dataset[part], cell.dataset[part], { seed });
  return { ...dataset, train: cut('train'), validation: cut('validation'), test: cut('test') };
}
