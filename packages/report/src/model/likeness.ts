import type { CellConfig } from '@weightmap/records';
import { count, list, number } from '../format.js';
import { paperDatasetLabels, paperProtocol, type PaperDataset } from '../paper-values.js';

/** What results must have in common to be compared with each other. */
export type Conditions = Pick<CellConfig, 'dataset' | 'training' | 'evaluation'>;

/** The part of a cell's configuration that two results must share to be compared. */
export const conditionsOf = ({ dataset, training, evaluation }: CellConfig): Conditions => ({
  dataset,
  training,
  evaluation,
});

/** How far a result can be compared with the paper's. */
export type Likeness = {
  /** How the conditions differ from the paper's protocol, each a clause of a sentence; empty if they are the same. */
  readonly caveats: readonly string[];
} & (
  | {
      /** The images are the paper's. */
      readonly sameData: true;
      /** Its dataset. */
      readonly paperDataset: PaperDataset;
    }
  /** Other images: the paper's row of the dataset they substitute is shown, but nothing is subtracted. */
  | {
      /** The images are others. */
      readonly sameData: false;
      /** The paper's dataset that they are a substitute for; null if there is none. */
      readonly paperDataset: PaperDataset | null;
    }
);

/** Datasets that the paper did not use, and the one that each is a substitute for. */
const SUBSTITUTES: Readonly<Partial<Record<string, PaperDataset>>> = {
  digits: 'mnist',
  'iwildcam-2class': 'iwildcam',
};

/** Id of the paper's dataset that another one is a substitute for. */
export const substituteFor = (dataset: string): PaperDataset | undefined => SUBSTITUTES[dataset];

/** A part this much smaller than the paper's counts as less data; a few images skipped do not. */
const ALMOST_ALL = 0.98;

/** Networks trained for fewer epochs than this are no evidence (chosen): their errors still fall. */
const LEAST_EPOCHS = 10;

/**
 * Whether results under these conditions are evidence at all: not if the networks were trained for fewer than 10 epochs, or
 * on a part of the paper's training images, or measured on a part of its test images. So results of the presets `quick` and
 * `smoke` are none, and get no verdict.
 */
export const isEvidence = ({ dataset, training }: Conditions): boolean =>
  training.epochs >= LEAST_EPOCHS && !(isPaperDataset(dataset.id) && isSubset(dataset.id, dataset));

/** Why these conditions give no evidence, in a clause; null if they do. */
export function noEvidenceReason(conditions: Conditions): string | null {
  if (isEvidence(conditions)) return null;
  const { dataset, training } = conditions;
  const epochs = training.epochs < LEAST_EPOCHS && `trained for ${count(training.epochs, 'epoch')}`;
  const part = isPaperDataset(dataset.id) && isSubset(dataset.id, dataset);
  return ['the networks were', epochs || 'trained', part && 'on a part of the images']
    .filter(Boolean)
    .join(' ');
}

const isSubset = (
  id: PaperDataset,
  { train, test }: Pick<CellConfig['dataset'], 'train' | 'test'>,
): boolean =>
  train < paperProtocol.trainImages[id] * ALMOST_ALL || test < paperProtocol.testImages[id] * ALMOST_ALL;

/** Compares the conditions of a benchmark with those of the paper (section 4). */
export function likeForLike({ dataset, training }: Conditions): Likeness {
  if (!isPaperDataset(dataset.id))
    return {
      sameData: false,
      paperDataset: substituteFor(dataset.id) ?? null,
      caveats: [
        `the images are ${dataset.label}, which the paper did not use`,
        ...(training.epochs < LEAST_EPOCHS ? [`trained for ${count(training.epochs, 'epoch')}`] : []),
      ],
    };

  const caveats: string[] = [];
  if (dataset.label.includes('(')) caveats.push(`the images are ${dataset.label}`);
  caveats.push(...fewerImages(dataset.id, dataset));
  if (training.epochs !== paperProtocol.epochs)
    caveats.push(
      `trained for ${count(training.epochs, 'epoch')} where the paper has ${paperProtocol.epochs}`,
    );
  return { sameData: true, paperDataset: dataset.id, caveats };
}

/** `at 3 epochs on a subset`: the same, as short as it goes; null for like with like. */
export function shortfall({ dataset, training }: Conditions): string | null {
  if (!isPaperDataset(dataset.id)) return `on ${dataset.label}`;
  const other = dataset.label.includes('(') ? dataset.label : null;
  const images = [isSubset(dataset.id, dataset) && 'a subset', other].filter(Boolean).join(' of ');
  const parts = [
    training.epochs !== paperProtocol.epochs && `at ${count(training.epochs, 'epoch')}`,
    images && `on ${images}`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(' ') : null;
}

const isPaperDataset = (id: string): id is PaperDataset => Object.hasOwn(paperDatasetLabels, id);

/** Where fewer images were used than in the paper, each a clause of a sentence. */
function fewerImages(id: PaperDataset, { train, test }: Conditions['dataset']): string[] {
  const trained = paperProtocol.trainImages[id];
  const tested = paperProtocol.testImages[id];
  return [
    ...(train < trained * ALMOST_ALL
      ? [`trained on ${number(train)} of the paper’s ${number(trained)} images`]
      : []),
    ...(test < tested * ALMOST_ALL ? [`tested on ${number(test)} of ${number(tested)} images`] : []),
  ];
}

/**
 * Why a result is not evidence on the paper's claims: it must be evidence at all (`isEvidence`), of the paper's data, and its
 * errors under noise and FGSM must be measured on almost all test images.
 *
 * @returns a clause of a sentence; null if it is evidence.
 */
export function notEvidence({ dataset, training, evaluation }: Conditions): string | null {
  if (!isPaperDataset(dataset.id)) return `images of ${dataset.label}, which the paper did not use`;
  const tested = paperProtocol.testImages[dataset.id];
  const attacked = Math.min(evaluation.robustnessImages ?? dataset.test, dataset.test);
  const clauses = fewerImages(dataset.id, dataset);
  if (attacked < dataset.test && attacked < tested * ALMOST_ALL)
    clauses.push(`noise and FGSM measured on ${number(attacked)} images`);
  if (training.epochs < LEAST_EPOCHS) clauses.push(`trained for ${count(training.epochs, 'epoch')}`);
  return clauses.length > 0 ? list(clauses) : null;
}
