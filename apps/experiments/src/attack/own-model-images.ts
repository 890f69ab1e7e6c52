import { stat } from 'node:fs/promises';
import path from 'node:path';
import { balancedSubset, countOf, UsageError, type Dataset, type ImageSet } from '@weightmap/core';
import { readImageFolder, type ImageFolderOptions } from '@weightmap/datasets';
import { datasetLoaders } from '../plugins/components.js';
import { unknownName } from '../terminal/nearest.js';

/** The images that a network of the user is attacked on. */
export interface OwnImages {
  readonly set: ImageSet;
  /** In file names: letters, digits, “-”, “_”, “.”. */
  readonly id: string;
  /** In a report. */
  readonly label: string;
  /** Where they are from, for people. */
  readonly source: string;
  /** SHA-256 of the images' files. */
  readonly checksum: string;
  /** The dataset that they are the test part of; null for a folder. */
  readonly dataset: Dataset | null;
}

/**
 * Reads test images: as many of each class as possible of a dataset's test part, or of a folder of pictures.
 *
 * @param data id of a dataset, or path of a folder that holds a folder for each class.
 * @param options `shape` and `classes` are for folders.
 * @throws UsageError if there is neither, or the classes of a dataset are named.
 */
export async function loadOwnImages(data: string, options: ImageFolderOptions): Promise<OwnImages> {
  const loaders = datasetLoaders();
  const { images, seed, classes, onProgress } = options;
  if (Object.hasOwn(loaders, data)) {
    if (classes)
      throw new UsageError('--classes has no effect on a dataset: its classes have an order.', {
        where: `--data ${data}`,
        expected: loaders[data].spec.classes.join(', '),
      });
    const dataset = await loaders[data].load({ seed, onProgress });
    const { label, source, checksum } = dataset;
    return {
      set: balancedSubset(dataset.test, images, { seed }),
      id: data,
      label,
      source,
      checksum,
      dataset,
    };
  }
  if (!(await stat(data).catch(() => null)))
    throw unknownName('dataset or folder', data, Object.keys(loaders), '--data');
  const { set, checksum, found } = await readImageFolder(data, options);
  const label = path.basename(path.resolve(data));
  const id = label.replace(/[^\w.-]+/g, '-').replace(/^[^\w]+/, '') || 'images';
  const source = `${data}: ${countOf(set)} of ${found} pictures`;
  return { set, id, label, source, checksum, dataset: null };
}
