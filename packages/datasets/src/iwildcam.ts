import {
  countOf,
  imageSet,
  NotFoundError,
  splitUnits,
  WeightmapError,
  type DatasetLoader,
  type DatasetOptions,
  type ImageSpec,
  type SplitUnit,
} from '@weightmap/core';
import { checksumOfFile, sha256 } from './_checksum.js';
import { readCocoJson } from './_coco-json.js';
import { counted } from './_counted.js';
import { throughCache } from './_decoded-cache.js';
import { areUnchanged, drawImages, isDrawn, listed, type Drawn } from './_draw-wild.js';
import { readKaggleCsv } from './_iwildcam-csv.js';
import { lookForWild, WILD_FORMS, type Wild } from './_iwildcam-forms.js';
import { cacheFolder, placeOf, searchPlaces } from './_locate.js';
import { splitNotes, splitWild } from './_split-wild.js';

/** A choice of classes and images of iWildCam 2019, under a name of its own. */
export interface IwildcamLoaderOptions {
  /** Also the name of its folder. */
  id?: string;
  /** What a report calls it. */
  label?: string;
  /** Any categories of the list, in the order of their labels. */
  classes?: readonly string[];
  /** Other names that its folder may go by. */
  folders?: readonly string[];
  /** Images drawn of each class. */
  imagesPerClass?: number;
}

/** The paper's ten (section 4.3). */
const TEN_ANIMALS = [
  'deer',
  'squirrel',
  'rodent',
  'fox',
  'coyote',
  'raccoon',
  'skunk',
  'cat',
  'dog',
  'opossum',
];

/**
 * A loader of camera-trap photos, 23 rows × 32 columns × 1 (grayscale): iWildCam 2019 as on Kaggle (`train.csv` and a folder
 * of JPEGs) or Caltech Camera Traps (a COCO camera-traps JSON and a folder).
 *
 * `imagesPerClass` images of every class are drawn by seed and cut 70/20/10 into training, validation and test, within the
 * class (paper, section 4.3). By default single images are cut, as in the paper, which leaves frames of one burst in different
 * parts; `splitBy` of the load options keeps bursts or cameras whole. The photos are decoded once and then read from the
 * cache. Nothing is ever downloaded.
 *
 * @throws WeightmapError if the classes or their number of images make no dataset.
 */
export function iwildcamLoader({
  id = 'iwildcam',
  label = 'iWildCam',
  classes = TEN_ANIMALS,
  folders = [],
  imagesPerClass = 1000,
}: IwildcamLoaderOptions = {}): DatasetLoader {
  if (classes.length < 2 || new Set(classes).size < classes.length)
    throw new WeightmapError(`The classes are ${classes.join(', ') || 'none'}.`, {
      where: 'classes',
      expected: 'at least two different ones',
    });
  const spec: ImageSpec = { height: 23, width: 32, channels: 1, classes };
  const search = (dataDir?: string) =>
    searchPlaces<Wild>({
      id,
      dataDir,
      folders: [id, ...folders],
      look: lookForWild,
      needs: WILD_FORMS,
    });
  const fix = `${label} is never downloaded (tens of GB): get train.csv and the training images of iWildCam 2019 from https://www.kaggle.com/c/iwildcam-2019-fgvc6, or Caltech Camera Traps from https://lila.science/datasets/caltech-camera-traps, and put the list and the folder of images into ${cacheFolder(id)}, or name their folder by --data or WEIGHTMAP_DATA`;

  return {
    id,
    label,
    spec,
    async load({ splitBy = 'image', ...options }) {
      const perClass = options.imagesPerClass ?? imagesPerClass;
      checkOptions({ ...options, splitBy, perClass });
      const { complete, notes } = await search(options.dataDir);
      if (!complete)
        throw new NotFoundError(`${label} is not on this machine.`, {
          where: [`${cacheFolder(id)} holds no list with its images`, ...notes].join('\n            '),
          expected: WILD_FORMS,
          fix,
        });
      const { list } = complete.found;
      const { about, bytes, note } = await decoded(complete.found, { id, label, spec, perClass, ...options });
      const labels = Uint8Array.from(about.images, ({ label }) => label);
      const parts = splitWild(imageSet(spec, bytes, labels), about.images, {
        seed: options.seed,
        splitBy,
        list,
      });
      return {
        id,
        label: splitBy === 'image' ? label : marked(label, `split by ${splitBy}`),
        spec,
        ...parts,
        checksum: about.checksum,
        source: complete.folder,
        notes: [
          `${counted(countOf(parts.train), 'image trains', 'images train')}, ${counted(countOf(parts.validation), 'validates', 'validate')} and ${counted(countOf(parts.test), 'tests', 'test')}: ${perClass} of each class (${classes.join(', ')}), drawn by seed ${options.seed}.`,
          ...splitNotes(splitBy, parts),
          ...about.notes,
          ...(about.skipped.length > 0
            ? [
                `${counted(about.skipped.length, 'image was', 'images were')} skipped: ${listed(about.skipped)}.`,
              ]
            : []),
          ...(note ? [note] : []),
          ...notes,
        ],
        skipped: about.skipped,
      };
    },
    locate: ({ dataDir }) => placeOf(search(dataDir), `${fix}.`),
  };
}

/** The paper's ten classes of iWildCam 2019, 1,000 images each: 7,000 to learn from, 2,000 to validate, 1,000 to test. */
export const iwildcam = iwildcamLoader({ folders: ['iwildcam2019', 'iwildcam-2019-fgvc6'] });

/**
 * Two of those classes. A freely found set of them has 1,238 coyotes and 895 raccoons: 895 of each are drawn, as many as
 * both have, so that guessing scores 50 %.
 */
export const iwildcam2class = iwildcamLoader({
  id: 'iwildcam-2class',
  label: 'iWildCam (2 classes)',
  classes: ['coyote', 'raccoon'],
  imagesPerClass: 895,
});

function checkOptions({
  seed,
  perClass,
  splitBy,
  validationFraction,
}: Pick<DatasetOptions, 'seed' | 'validationFraction'> & { perClass: number; splitBy: SplitUnit }): void {
  const fail = (what: string, where: string, expected: string): never => {
    throw new WeightmapError(what, { where, expected });
  };
  if (!Number.isSafeInteger(seed)) fail(`The seed is ${seed}.`, 'seed', 'an integer');
  if (!Number.isSafeInteger(perClass) || perClass < 3)
    fail(`The number of images a class is ${perClass}.`, 'imagesPerClass', 'an integer of at least 3');
  if (!splitUnits.includes(splitBy)) fail(`Split by ${splitBy}?`, 'splitBy', splitUnits.join(', '));
  if (validationFraction !== undefined)
    fail('A validation share cannot be chosen.', 'validationFraction', 'none: the parts are 70/20/10');
}

/** The images drawn and decoded, in the order of `about.images`. */
async function decoded(
  { list, form, images: folder }: Wild,
  {
    id,
    label,
    spec,
    perClass,
    seed,
    onProgress,
  }: { id: string; label: string; spec: ImageSpec; perClass: number } & Pick<
    DatasetOptions,
    'seed' | 'onProgress'
  >,
) {
  const ofList = await checksumOfFile(list, 'sha256');
  const { height, width, classes } = spec;
  return throughCache<Drawn>(
    {
      id,
      key: sha256(JSON.stringify({ ofList, height, width, classes, perClass, seed })),
      stillHolds: async (kept) =>
        isDrawn(kept, spec, perClass) && (await areUnchanged(kept.about.files, folder)),
    },
    async () => {
      const { images, notes } = await (form === 'csv' ? readKaggleCsv : readCocoJson)(list, classes);
      const { about, bytes } = await drawImages(images, {
        seed,
        label,
        spec,
        perClass,
        folder,
        list,
        onProgress,
      });
      return { about: { ...about, notes, checksum: sha256(ofList, about.checksum) }, bytes };
    },
  );
}

/** `A` → `A (mark)`, `A (b)` → `A (b, mark)`. */
const marked = (label: string, mark: string): string =>
  label.endsWith(')') ? `${label.slice(0, -1)}, ${mark})` : `${label} (${mark})`;
