import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  balancedSubset,
  countOf,
  UsageError,
  type Dataset,
  type DatasetLoader,
  type ImageSet,
} from '@weightmap/core';
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
 * @param data id of a dataset, or path of a folder that holds a dataset's files or a folder for each class.
 * @param options `shape` and `classes` are for folders.
 * @throws UsageError if there is neither, or the classes of a dataset are named.
 */
export async function loadOwnImages(data: string, options: ImageFolderOptions): Promise<OwnImages> {
  const loaders = datasetLoaders();
  const { images, seed, classes, onProgress } = options;
  const isId = Object.hasOwn(loaders, data);
  const isFolder = !isId && (await stat(data).catch(() => null)) !== null;
  const loader = isId ? loaders[data] : isFolder ? await datasetIn(data) : undefined;
  if (loader) {
    if (classes)
      throw new UsageError('--classes has no effect on a dataset: its classes have an order.', {
        where: `--data ${data}`,
        expected: loader.spec.classes.join(', '),
      });
    const dataset = await loader.load({ seed, onProgress, ...(isFolder && { dataDir: data }) });
    const { label, source, checksum } = dataset;
    return {
      set: balancedSubset(dataset.test, images, { seed }),
      id: loader.id,
      label,
      source,
      checksum,
      dataset,
    };
  }
  if (!isFolder) throw unknownName('dataset or folder', data, Object.keys(loaders), '--data');
  const { set, checksum, found } = await readImageFolder(data, options);
  const label = path.basename(path.resolve(data));
  const id = label.replace(/[^\w.-]+/g, '-').replace(/^[^\w]+/, '') || 'images';
  const source = `${data}: ${countOf(set)} of ${found} pictures`;
  return { set, id, label, source, checksum, dataset: null };
}

/** The dataset whose files lie in this folder, recognised by their content; none if the folder has folders of classes. */
async function datasetIn(folder: string): Promise<DatasetLoader | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.filter((entry) => entry.isDirectory()).length > 1) return undefined;
  const within = path.resolve(folder);
  for (const loader of Object.values(datasetLoaders())) {
    const found = await loader.locate({ dataDir: folder }).then(
      (place) => place.found && path.resolve(place.found),
      () => null,
    );
    if (found && (found === within || found.startsWith(within + path.sep)) && existsSync(found))
      return loader;
  }
  return undefined;
}
