import { imageSet, WeightmapError, type DatasetLoader, type ImageSet, type ImageSpec } from '@weightmap/core';
import { counted } from './_counted.js';
import { checkSha256, sha256 } from './_checksum.js';
import { readMaybeGzip } from './_gzip.js';
import { idxLength, parseIdx, type IdxArray } from './_idx.js';
import { cacheFolder, placeOf, searchFiles, type FileNames } from './_locate.js';
import { obtainFiles } from './_obtain.js';
import { splitTraining } from './_split.js';

/** The four parts, in the order that the dataset's checksum takes them. */
const PARTS = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;
type Part = (typeof PARTS)[number];

/** One IDX file. */
export interface IdxFile {
  /** As published, without `.gz`. */
  readonly name: string;
  /** Of the unpacked content, hex; without it only the file's structure is checked. */
  readonly sha256?: string;
}

/** Another dataset in MNIST’s format (IDX files of 28×28 bytes), such as Fashion-MNIST. */
export interface MnistLoaderOptions {
  /** Also the name of its folder. */
  id?: string;
  /** What a report calls it. */
  label?: string;
  /** Class names, by label. */
  classes?: readonly string[];
  /** The four IDX files. Default: MNIST’s own, with their checksums. */
  files?: Readonly<Record<Part, IdxFile>>;
  /** Base URLs ending in a slash, tried in this order; none unless the files are MNIST's own. */
  mirrors?: readonly string[];
  /** Milliseconds until a mirror answers. */
  connectTimeout?: number;
}

const MNIST_FILES: Readonly<Record<Part, IdxFile>> = {
  trainImages: {
    name: 'train-images-idx3-ubyte',
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  },
  trainLabels: {
    name: 'train-labels-idx1-ubyte',
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  testImages: {
    name: 't10k-images-idx3-ubyte',
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  },
  testLabels: {
    name: 't10k-labels-idx1-ubyte',
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
};

/** The original host comes last: it often refuses. */
const MNIST_MIRRORS = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
  'http://yann.lecun.com/exdb/mnist/',
];

const TEN_DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/**
 * A loader of four IDX files, plain or gzip: images 28×28×1 (0…255) and labels, training and test.
 *
 * By default MNIST (LeCun et al. 1998), whose content is checked by SHA-256. Data of the same form,
 * such as Fashion-MNIST, loads with an id, files and class names of its own.
 */
export function mnistLoader({
  id = 'mnist',
  label = 'MNIST',
  classes = TEN_DIGITS,
  files = MNIST_FILES,
  mirrors = files === MNIST_FILES ? MNIST_MIRRORS : [],
  connectTimeout,
}: MnistLoaderOptions = {}): DatasetLoader {
  const spec: ImageSpec = { height: 28, width: 28, channels: 1, classes };
  const names: FileNames<Part> = {
    trainImages: namesOf(files.trainImages.name),
    trainLabels: namesOf(files.trainLabels.name),
    testImages: namesOf(files.testImages.name),
    testLabels: namesOf(files.testLabels.name),
  };
  // torchvision keeps its copies in `<Name>/raw`.
  const name = label.replace(/[\s-]/g, '');
  const folders = [id, `${id}/raw`, `${name}/raw`];
  const read = (file: string, part: Part) => readPart(file, part, spec, files[part].sha256);

  return {
    id,
    label,
    spec,
    async load({ seed, validationFraction, ...places }) {
      const obtained = await obtainFiles(
        {
          id,
          label,
          folders,
          names,
          remoteName: (part) => `${files[part].name}.gz`,
          mirrors,
          verify: async (file, part) => void (await read(file, part)),
          connectTimeout,
        },
        places,
      );
      const parts = {} as Record<Part, ReadPart>;
      for (const part of PARTS) parts[part] = await read(obtained.files[part], part);
      checkContent(parts, { id, label, files });
      const test = joined(spec, parts.testImages, parts.testLabels);
      const { train, validation, note } = splitTraining(
        joined(spec, parts.trainImages, parts.trainLabels),
        id,
        {
          seed,
          validationFraction,
        },
      );
      return {
        id,
        label,
        spec,
        train,
        validation,
        test,
        checksum: sha256(...PARTS.map((part) => parts[part].hash)),
        source: obtained.source,
        notes: [note, ...obtained.notes],
      };
    },
    locate: ({ dataDir }) =>
      placeOf(
        searchFiles({ id, folders, names, dataDir }),
        mirrors.length > 0
          ? `It will be downloaded into ${cacheFolder(id)} when it is first needed.`
          : `Put its files into ${cacheFolder(id)}.`,
        mirrors.length > 0,
      ),
  };
}

/** MNIST: 60,000 training images, of which a tenth validates, and 10,000 test images. */
export const mnist = mnistLoader();

interface ReadPart extends IdxArray {
  readonly file: string;
  /** SHA-256 of the unpacked content. */
  readonly hash: string;
}

/** `train-images-idx3-ubyte` also goes by `train-images.idx3-ubyte`, the name that unpackers on Windows give. */
function namesOf(name: string): string[] {
  const dotted = name.replace(/-(idx\d)/, '.$1');
  return [...new Set([name, `${name}.gz`, dotted, `${dotted}.gz`])];
}

async function readPart(file: string, part: Part, spec: ImageSpec, expected?: string): Promise<ReadPart> {
  const bytes = await readMaybeGzip(file, idxLength);
  // The structure first: "truncated" says more than "another checksum".
  const array = parseIdx(bytes, file, part.endsWith('Images') ? [spec.height, spec.width] : []);
  const hash = sha256(bytes);
  if (expected !== undefined) checkSha256(file, hash, expected);
  return { ...array, file, hash };
}

/**
 * Files of one format look alike, so the content decides what they are.
 *
 * @throws WeightmapError if a loader of other data got MNIST's files, or training and test images are the same.
 */
function checkContent(
  parts: Readonly<Record<Part, ReadPart>>,
  { id, label, files }: { id: string; label: string; files: Readonly<Record<Part, IdxFile>> },
): void {
  for (const part of PARTS) {
    const { file, hash } = parts[part];
    const ofMnist = PARTS.find((other) => MNIST_FILES[other].sha256 === hash);
    if (ofMnist !== undefined && files[part].sha256 === undefined)
      throw new WeightmapError(`The file is MNIST's ${MNIST_FILES[ofMnist].name}, not ${label}'s.`, {
        where: file,
        expected: `the file ${files[part].name} of ${label}`,
        fix: `put the files of ${label} into a folder named ${id}, or load them with the loader of MNIST`,
      });
  }
  const { trainImages, testImages } = parts;
  if (trainImages.hash === testImages.hash)
    throw new WeightmapError('The training images and the test images are the same.', {
      where: `${trainImages.file} and ${testImages.file}`,
      expected: 'different images for training and test',
      fix: 'fetch both files again',
    });
}

function joined(spec: ImageSpec, images: ReadPart, labels: ReadPart): ImageSet {
  if (images.shape[0] !== labels.shape[0])
    throw new WeightmapError('The images and the labels do not belong together.', {
      where: `${images.file} holds ${counted(images.shape[0], 'image', 'images')}, ${labels.file} ${counted(labels.shape[0], 'label', 'labels')}`,
      expected: 'as many labels as images',
      fix: 'fetch both files again from the same place',
    });
  const strange = labels.data.findIndex((label) => label >= spec.classes.length);
  if (strange >= 0)
    throw new WeightmapError(`Label ${strange} is ${labels.data[strange]}.`, {
      where: labels.file,
      expected: `0 … ${spec.classes.length - 1}`,
      fix: labels.data.includes(0)
        ? 'give the loader a name for every class of the file'
        : 'the labels of the file count from 1, as those of EMNIST Letters do: give the loader a first class that stays empty, or subtract 1 in another file',
    });
  return imageSet(spec, images.data, labels.data);
}
