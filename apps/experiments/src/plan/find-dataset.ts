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
  /** Whether the procedural digits may stand in for MNIST. */
  substitute: boolean;
  /** Whether to only estimate: nothing is downloaded, and a dataset that would be is replaced by blank images of its sizes. */
  estimate?: boolean;
  onNote: (note: string) => void;
}

/** The dataset that has a substitute, and which. */
const STAND_IN = { for: 'mnist', id: 'digits' } as const;

/**
 * Loads a dataset; where it is allowed, the procedural digits stand in for MNIST.
 *
 * @returns the reason if the dataset is nowhere and can't be downloaded.
 * @throws WeightmapError if it is there but damaged: nothing stands in for that.
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
        onNote(`${loader.label} is not on this machine: estimated from its published sizes. ${advice}`);
        return blank;
      }
    }
    if (!substitute || id !== STAND_IN.for) return error;
    onNote(`${loader.label} was not found and could not be downloaded:`);
    onNote(`the procedural digits stand in for it; results can't be compared with the paper's`);
    return datasetLoader(STAND_IN.id).load(options);
  }
}

/** The checksum of images that aren't here. */
export const NO_CHECKSUM = '0'.repeat(64);

/** Training, validation and test images that a dataset has after the split, by its id; per class where that can be chosen. */
const SIZES: Readonly<Partial<Record<string, readonly [train: number, validation: number, test: number]>>> = {
  mnist: [54_000, 6000, 10_000],
  cifar10: [45_000, 5000, 10_000],
};
const SHARES = [0.7, 0.2, 0.1] as const;
const IMAGES_PER_CLASS: Readonly<Partial<Record<string, number>>> = {
  iwildcam: 1000,
  'iwildcam-2class': 895,
};

/** Black images in the place of a dataset that isn't here, to plan and to time with; null if its sizes aren't known. */
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
