import {
  imageSet,
  NotFoundError,
  type Dataset,
  type DatasetLoader,
  type DatasetOptions,
  type ImageSpec,
} from '@weightmap/core';
import { datasetLoader } from '../plugins/components.js';

export interface FindOptions extends DatasetOptions {
  /** Whether the procedural digits may replace MNIST. */
  substitute: boolean;
  /** Only for an estimate: nothing is downloaded; blank images of the same sizes replace a dataset that would be. */
  estimate?: boolean;
  onNote: (note: string) => void;
}

/** The dataset that can be replaced, and its substitute. */
const SUBSTITUTE = { for: 'mnist', id: 'digits' } as const;

/**
 * Loads a dataset. Where it is allowed, the procedural digits replace MNIST.
 *
 * @returns the dataset; or the reason, if it is not found and can't be downloaded.
 * @throws WeightmapError if the files are damaged: those are never replaced.
 */
export async function findDataset(
  id: string,
  { substitute, estimate = false, onNote, ...options }: FindOptions,
): Promise<Dataset | NotFoundError> {
  const loader = datasetLoader(id);
  try {
    return await loader.load({ ...options, offline: options.offline || estimate });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    const { downloads, advice } = await loader.locate(options);
    if (estimate && downloads && !options.offline) {
      const blank = blankDataset(loader, options);
      if (blank) {
        onNote(`${loader.label} is not on this machine: the estimate uses its published sizes. ${advice}`);
        return blank;
      }
    }
    if (!substitute || id !== SUBSTITUTE.for) return error;
    onNote(`${loader.label} was not found and could not be downloaded.`);
    onNote(`It is replaced by the procedural digits: results can't be compared with the paper's.`);
    return datasetLoader(SUBSTITUTE.id).load(options);
  }
}

/** The checksum of a dataset that isn't on this machine. */
export const NO_CHECKSUM = '0'.repeat(64);

/** The number of training, validation and test images of a dataset, by its id. */
const SIZES: Readonly<Partial<Record<string, readonly [train: number, validation: number, test: number]>>> = {
  mnist: [54_000, 6000, 10_000],
  cifar10: [45_000, 5000, 10_000],
};
const SHARES = [0.7, 0.2, 0.1] as const;
const IMAGES_PER_CLASS: Readonly<Partial<Record<string, number>>> = {
  iwildcam: 1000,
  'iwildcam-2class': 895,
};

/** Black images that replace a dataset that isn't on this machine, to plan and to time; null if its sizes aren't known. */
export function blankDataset(
  { id, label, spec }: DatasetLoader,
  { imagesPerClass }: Pick<DatasetOptions, 'imagesPerClass'>,
): Dataset | null {
  const drawn = IMAGES_PER_CLASS[id];
  const sizes = drawn
    ? SHARES.map((share) => Math.round(share * (imagesPerClass ?? drawn)) * spec.classes.length)
    : SIZES[id];
  if (!sizes) return null;
  const [train, validation, test] = sizes.map((count) => blankImages(spec, count));
  return { id, label, spec, train, validation, test, checksum: NO_CHECKSUM, source: 'nowhere', notes: [] };
}

function blankImages(spec: ImageSpec, count: number) {
  const { height, width, channels, classes } = spec;
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes.length);
  return imageSet(spec, new Uint8Array(count * height * width * channels), labels);
}
