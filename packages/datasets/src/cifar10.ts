import {
  imageSet,
  WeightmapError,
  type DatasetLoader,
  type ImageSpec,
  type OnProgress,
} from '@weightmap/core';
import { contentOfArchive } from './_cifar10-archives.js';
import { checkMd5 } from './_checksum.js';
import { readBatchArchive, readBatchFolder, type BatchSet } from './_cifar10-batches.js';
import { ARCHIVE, ARCHIVE_NAMES, FORMS, lookForCifar10, type Form } from './_cifar10-forms.js';
import { readPictures, type PictureSet } from './_cifar10-pictures.js';
import { cacheFolder, placeOf, searchPlaces } from './_locate.js';
import { fetchMissing } from './_obtain.js';
import { splitTraining } from './_split.js';

/** What may differ from the published CIFAR-10: another archive, other mirrors. */
export interface Cifar10LoaderOptions {
  /** MD5 of the archive `cifar-10-binary.tar.gz`, hex. */
  md5?: string;
  /** Base URLs ending in a slash, tried in this order. */
  mirrors?: readonly string[];
  /** Milliseconds until a mirror answers. */
  connectTimeout?: number;
}

const id = 'cifar10';
const label = 'CIFAR-10';
const spec: ImageSpec = {
  height: 32,
  width: 32,
  channels: 3,
  classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
};
const PUBLISHED_IMAGES = 60_000;

/**
 * A loader of CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images, 32×32×3.
 *
 * Reads the published binary version, unpacked or as its archive, which is downloaded if there is nothing; or pictures in
 * folders `train|test/<class>/`, as they are or in a tar archive, decoded once. What comes out of JPEGs is labelled
 * "CIFAR-10 (JPEG)". Smaller sets of the same form load too, labelled with their number of images.
 */
export function cifar10Loader({
  md5 = 'c32a1d4ab5d03f1284b67883e8d87530',
  mirrors = ['https://www.cs.toronto.edu/~kriz/'],
  connectTimeout,
}: Cifar10LoaderOptions = {}): DatasetLoader {
  const search = (dataDir?: string) =>
    searchPlaces<Form>({
      id,
      dataDir,
      folders: [id, 'cifar10-jpeg'],
      look: (folder) => lookForCifar10(folder, spec),
      needs: FORMS,
    });

  const read = (form: Form, onProgress?: OnProgress): Promise<BatchSet | PictureSet> => {
    if (form.form === 'batches') return readBatchFolder(form.folder, spec);
    if (form.form === 'pictures') return readPictures(form.source, { id, label, spec, onProgress });
    const checked = form.published ? checkPublished(form.file, md5) : Promise.resolve();
    return checked.then(() => readBatchArchive(form.file, spec));
  };

  return {
    id,
    label,
    spec,
    async load({ seed, validationFraction, dataDir, offline, onProgress }) {
      const { complete, notes } = await search(dataDir);
      const { form, source } = complete
        ? { form: complete.found, source: complete.folder }
        : await fetchMissing<'file'>(
            {
              id,
              label,
              mirrors,
              connectTimeout,
              names: ARCHIVE_NAMES,
              remoteName: () => ARCHIVE,
              verify: (file) => checkMd5(file, md5),
              byHand: `put ${ARCHIVE} (170 MB) into ${cacheFolder(id)}, or name by --data or WEIGHTMAP_DATA the folder that holds it, unpacked or not`,
            },
            {},
            { offline, onProgress, notes },
          ).then(({ files, source }) => ({
            source,
            form: { form: 'archive', file: files.file, published: true } as const,
          }));

      const content = await read(form, onProgress);
      const { pixels, labels, train, checksum } = content;
      const size = pixels.length / labels.length;
      const learnt = imageSet(spec, pixels.subarray(0, train * size), labels.subarray(0, train));
      const { note, ...parts } = splitTraining(learnt, id, { seed, validationFraction });
      const { mark, remarks } = peculiarities(content);
      return {
        id,
        label: mark ? `${label} (${mark})` : label,
        spec,
        ...parts,
        test: imageSet(spec, pixels.subarray(train * size), labels.subarray(train)),
        checksum,
        source,
        notes: [note, ...remarks, ...notes],
      };
    },
    locate: ({ dataDir }) =>
      placeOf(
        search(dataDir),
        mirrors.length > 0
          ? `It will be downloaded (170 MB) into ${cacheFolder(id)} when it is first needed.`
          : `Put ${ARCHIVE} into ${cacheFolder(id)}.`,
        mirrors.length > 0,
      ),
  };
}

/** CIFAR-10: 50,000 training images, of which a tenth validates, and 10,000 test images. */
export const cifar10 = cifar10Loader();

/** @throws WeightmapError that names the form of the archive if it is another one, or its checksum. */
async function checkPublished(file: string, md5: string): Promise<void> {
  try {
    await checkMd5(file, md5);
  } catch (error) {
    const content = await contentOfArchive(file);
    if (content === null || content === 'batches') throw error;
    throw new WeightmapError(
      `The archive is ${content.other}.`,
      { where: file, expected: 'the binary version of CIFAR-10', fix: content.fix },
      { cause: error },
    );
  }
}

/** What sets the images apart from the published ones, as a mark for the label and in sentences. */
function peculiarities(content: BatchSet | PictureSet): { mark: string; remarks: string[] } {
  const marks: string[] = [];
  const remarks: string[] = [];
  if ('format' in content) {
    marks.push(content.format);
    remarks.push(`The images are read from ${content.format} pictures, not from the published bytes.`);
    if (content.note) remarks.push(content.note);
  }
  const images = content.labels.length;
  if (images !== PUBLISHED_IMAGES) {
    marks.push(`${images} images`);
    remarks.push(`A set of ${images} images; the published one has ${PUBLISHED_IMAGES}.`);
  }
  return { mark: marks.join(', '), remarks };
}
