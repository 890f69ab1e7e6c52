import * as tf from '@tensorflow/tfjs';
import { checkBounds } from './checked-batch.js';
import { WeightmapError } from './errors.js';
import type { OnProgress } from './progress.js';
import { randomStream, type RandomStream } from './random.js';

/** The shape and the classes of a dataset's images. */
export interface ImageSpec {
  /** Height in pixels. */
  readonly height: number;
  /** Width in pixels. */
  readonly width: number;
  /** 1 for grayscale, 3 for RGB. */
  readonly channels: number;
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[];
}

/** Labelled images, kept as bytes until a batch is used. */
export interface ImageSet {
  /** Shape and classes of each image. */
  readonly spec: ImageSpec;
  /** [count, height, width, channels], row-major, 0…255. */
  readonly pixels: Uint8Array;
  /** [count], class indices. */
  readonly labels: Uint8Array;
}

/** Units that are kept in one part when photos are split: single images, bursts of frames, all images of a camera. */
export const splitUnits = ['image', 'sequence', 'location'] as const;
/** A unit that is kept in one part: an entry of `splitUnits`. */
export type SplitUnit = (typeof splitUnits)[number];

/** An image that a loader skipped. */
export interface SkippedImage {
  /** Its name in the dataset's own list. */
  readonly image: string;
  /** Why it was skipped, for people. */
  readonly reason: string;
}

/** A loaded dataset, split into training, validation and test images. */
export interface Dataset {
  /** Registry name, such as `mnist`. */
  readonly id: string;
  /** Its name in a report, such as `MNIST` or `CIFAR-10 (JPEG)`. */
  readonly label: string;
  /** Shape and classes, the same for all three parts. */
  readonly spec: ImageSpec;
  /** The images that weights are trained on. */
  readonly train: ImageSet;
  /** The images that an epoch is selected by; never trained on. */
  readonly validation: ImageSet;
  /** The images that every result of a report is measured on. */
  readonly test: ImageSet;
  /** SHA-256 (hex) over the source bytes: tells whether two runs used the same data. */
  readonly checksum: string;
  /** Its origin, for people. */
  readonly source: string;
  /** Notes that a reader of results needs: substitutions, skipped images, the split. */
  readonly notes: readonly string[];
  /** Missing and damaged images, if the loader skips them. */
  readonly skipped?: readonly SkippedImage[];
}

/** Options of every dataset loader. */
export interface DatasetOptions {
  /** Seeds the split and anything procedural. */
  seed: number;
  /** Folder that is searched before all others. */
  dataDir?: string;
  /** Never download. */
  offline?: boolean;
  /**
   * Share of a published training part that becomes the validation part. Default 0.1 (paper, section 4.1). Datasets with
   * another split (iWildCam) refuse it.
   */
  validationFraction?: number;
  /**
   * Images drawn from each class, fewer for a short run; iWildCam only, by default the loader's own number. Other
   * datasets are used completely.
   */
  imagesPerClass?: number;
  /** The unit that is kept in one part; iWildCam only. Default `image`, as in the paper. */
  splitBy?: SplitUnit;
  /** Called with download and read progress. */
  onProgress?: OnProgress;
}

/** The place of a dataset on this machine. */
export interface DatasetPlace {
  /** The folder or file, for people; null if it is not found. */
  found: string | null;
  /** How to get it, for people. */
  advice: string;
  /** Whether `load` would download it if it is not found. Default false. */
  downloads?: boolean;
}

/** Loads one dataset; a row of the registry in `@weightmap/datasets`. */
export interface DatasetLoader {
  /** Registry name, in kebab-case; also the name of its folder. */
  readonly id: string;
  /** Its name in a report. */
  readonly label: string;
  /** Shape and classes of the images, known before loading: plans and parameter counts need them. */
  readonly spec: ImageSpec;
  /**
   * Reads the dataset, or downloads it if that is allowed, and splits it. Equal seeds give equal parts.
   *
   * @throws NotFoundError if it is not found and can't be downloaded.
   * @throws WeightmapError if a file is damaged, or an option is not for this dataset.
   */
  load(options: DatasetOptions): Promise<Dataset>;
  /** Where it would be read from now, without reading it: for `weightmap doctor`. */
  locate(options: Pick<DatasetOptions, 'dataDir'>): Promise<DatasetPlace>;
}

/** The range that pixels are wanted in; a `Classifier` is one. */
export interface PixelRange {
  /** What the bytes 0 and 255 become. */
  readonly bounds: readonly [low: number, high: number];
}

/** Images and labels as tensors; whoever asked for them disposes both. */
export interface Batch {
  /** [batch, height, width, channels], float32 within the bounds asked for, [0, 1] by default. */
  images: tf.Tensor4D;
  /** [batch], int32. */
  labels: tf.Tensor1D;
}

/** A batch of a loop over a set. */
export interface PlacedBatch extends Batch {
  /** Index of its first image. */
  start: number;
}

/** How many images there are. */
export const countOf = (set: ImageSet): number => set.labels.length;

const imageSize = ({ height, width, channels }: ImageSpec) => height * width * channels;

/**
 * An image set, checked.
 *
 * @throws WeightmapError as `checkImageSet`.
 */
export function imageSet(spec: ImageSpec, pixels: Uint8Array, labels: Uint8Array): ImageSet {
  const set = { spec, pixels, labels };
  checkImageSet(set);
  return set;
}

/** Classes that a label of one byte can tell apart. */
const MOST_CLASSES = 256;

/**
 * Checks that an image set belongs together.
 *
 * @throws WeightmapError if the shape or the classes are no such, the pixels or labels are no bytes, the bytes don't fill the
 *   shape, or a label is no class.
 */
export function checkImageSet({ spec, pixels, labels }: ImageSet): void {
  const { height, width, channels, classes } = spec;
  if (![height, width, channels].every((length) => Number.isInteger(length) && length > 0))
    throw new WeightmapError(`Images can't have the shape ${height}×${width}×${channels}.`, {
      expected: 'whole numbers above 0',
    });
  if (!Array.isArray(classes) || classes.length > MOST_CLASSES)
    throw new WeightmapError(
      `The images are of ${Array.isArray(classes) ? classes.length : String(classes)} classes.`,
      {
        expected: `a list of names, at most ${MOST_CLASSES}: a label is a byte`,
      },
    );
  for (const [what, values] of [
    ['pixels', pixels],
    ['labels', labels],
  ] as const)
    if (!(values instanceof Uint8Array || (values as unknown) instanceof Uint8ClampedArray))
      throw new WeightmapError(`The ${what} of an image set are no bytes.`, {
        where: `an object of ${(values as object | undefined)?.constructor.name ?? 'no class'}`,
        expected: what === 'pixels' ? 'a Uint8Array of 0 … 255' : 'a Uint8Array of class indices from 0',
        fix:
          what === 'pixels'
            ? 'Uint8Array.from(pixels, (x) => Math.round(255 * x)) for pixels in [0, 1]'
            : 'Uint8Array.from(labels)',
      });
  if (pixels.length !== labels.length * imageSize(spec))
    throw new WeightmapError('The images and the labels do not belong together.', {
      expected: `${labels.length} labels × ${spec.height}×${spec.width}×${spec.channels} = ${labels.length * imageSize(spec)} bytes of pixels`,
      where: `${pixels.length} bytes of pixels`,
    });
  const strange = labels.findIndex((label) => label >= classes.length);
  if (strange >= 0)
    throw new WeightmapError(`Image ${strange} has the label ${labels[strange]}.`, {
      expected: `0 … ${classes.length - 1}, one of ${classes.length} classes`,
    });
}

/** The images at these indices, copied, in this order. */
export function pick(set: ImageSet, indices: ArrayLike<number>): ImageSet {
  const size = imageSize(set.spec);
  const pixels = new Uint8Array(indices.length * size);
  const labels = new Uint8Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    pixels.set(set.pixels.subarray(indices[i] * size, (indices[i] + 1) * size), i * size);
    labels[i] = set.labels[indices[i]];
  }
  return { spec: set.spec, pixels, labels };
}

/** `count` images from `start` on, or as many as there are; shares memory with `set`. */
export function sliceOf(set: ImageSet, start: number, count: number): ImageSet {
  const size = imageSize(set.spec);
  return {
    spec: set.spec,
    pixels: set.pixels.subarray(start * size, (start + count) * size),
    labels: set.labels.subarray(start, start + count),
  };
}

/** The first `count` images, or all of them if there are fewer; shares memory with `set`. */
export const firstOf = (set: ImageSet, count: number): ImageSet => sliceOf(set, 0, count);

/**
 * A random subset with as many images of each class as possible; equal seeds give equal subsets.
 *
 * The classes take turns, in the order of their labels. Each gives its images in a random order of its own; a class
 * that has none left is skipped. So a subset is the beginning of every larger one, and in all of them the classes'
 * counts differ by at most one, as long as every class has images left. Each class's order is drawn from
 * `randomStream(seed, 'subset', label)`.
 *
 * @param count images in the subset; with as many as there are or more, the set itself is returned, in its own order.
 * @throws WeightmapError if the count is not a whole number, or negative (`Infinity` is allowed).
 */
export function balancedSubset(set: ImageSet, count: number, { seed }: { seed: number }): ImageSet {
  if (!(count >= 0) || (Number.isFinite(count) && !Number.isInteger(count)))
    throw new WeightmapError(`A subset can't have ${count} images.`, {
      expected: 'a whole number of images, 0 or more',
    });
  if (count >= countOf(set)) return set;
  const byClass = set.spec.classes.map((): number[] => []);
  set.labels.forEach((label, index) => byClass[label].push(index));
  const queues = byClass.map((indices, label) => {
    const order = randomStream(seed, 'subset', label).permutation(indices.length);
    return Array.from(order, (place) => indices[place]);
  });
  const chosen: number[] = [];
  for (let turn = 0; chosen.length < count; turn++)
    for (const queue of queues) if (turn < queue.length && chosen.length < count) chosen.push(queue[turn]);
  return pick(set, chosen);
}

/**
 * Splits off a random share.
 *
 * @param fraction of the images that goes into the second part, in [0, 1); rounded down.
 * @returns `[rest, share]`, each in the original order.
 */
export function splitOff(set: ImageSet, fraction: number, random: RandomStream): [ImageSet, ImageSet] {
  const order = random.permutation(countOf(set));
  const cut = countOf(set) - Math.floor(countOf(set) * fraction);
  return [pick(set, order.slice(0, cut).sort()), pick(set, order.slice(cut).sort())];
}

/**
 * The images at these indices as tensors, pixels as in `tensorsOf`.
 *
 * The caller owns both tensors.
 *
 * @param range give the classifier that gets the images, so that they lie within its bounds. Default: [0, 1].
 */
export function batchOf(set: ImageSet, indices: ArrayLike<number>, range?: PixelRange): Batch {
  return tensorsOf(pick(set, indices), range);
}

/**
 * A whole set as tensors: a byte b becomes low + (high − low)·b/255. The caller owns both.
 *
 * @param range give the classifier that gets the images, so that they lie within its bounds. Default: [0, 1].
 */
export function tensorsOf({ spec, pixels, labels }: ImageSet, range: PixelRange = UNIT): Batch {
  checkBounds(range.bounds);
  const [low, high] = range.bounds;
  // Never past a bound by rounding.
  const values = Float32Array.from({ length: 256 }, (_, byte) =>
    Math.min(Math.max(low + (high - low) * (byte / 255), low), high),
  );
  const floats = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) floats[i] = values[pixels[i]];
  return {
    images: tf.tensor4d(floats, [labels.length, spec.height, spec.width, spec.channels]),
    labels: tf.tensor1d(Int32Array.from(labels), 'int32'),
  };
}

const UNIT: PixelRange = { bounds: [0, 1] };

/**
 * Consecutive batches over a whole set; each is disposed after its turn in the loop.
 *
 * @param range give the classifier that gets the images, so that they lie within its bounds. Default: [0, 1].
 */
export function* batchesOf(set: ImageSet, batchSize: number, range?: PixelRange): Generator<PlacedBatch> {
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new WeightmapError(`A batch can't have ${batchSize} images.`, {
      expected: 'a whole number above 0',
    });
  for (let start = 0; start < countOf(set); start += batchSize) {
    const batch = tensorsOf(sliceOf(set, start, batchSize), range);
    try {
      yield { ...batch, start };
    } finally {
      tf.dispose([batch.images, batch.labels]);
    }
  }
}
