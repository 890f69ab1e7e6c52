import { paperDatasetLabels, paperProtocol, type PaperDataset } from '../paper-values.js';
import { count, number } from './format.js';
import type { Conditions, Likeness } from './summary.js';

/** A part this much smaller than the paper's counts as less data; a few images skipped do not. */
const ALMOST_ALL = 0.98;

/** Compares the conditions of a benchmark with those of the paper (section 4). */
export function likeForLike({ dataset, training }: Conditions): Likeness {
  if (!isPaperDataset(dataset.id))
    return { sameData: false, caveats: [`the images are ${dataset.label}, which the paper did not use`] };

  const caveats: string[] = [];
  const trained = paperProtocol.trainImages[dataset.id];
  const tested = paperProtocol.testImages[dataset.id];
  if (dataset.label.includes('(')) caveats.push(`the images are ${dataset.label}`);
  if (dataset.train < trained * ALMOST_ALL)
    caveats.push(`trained on ${number(dataset.train)} of the paper’s ${number(trained)} images`);
  if (dataset.test < tested * ALMOST_ALL)
    caveats.push(`tested on ${number(dataset.test)} of ${number(tested)} images`);
  if (training.epochs !== paperProtocol.epochs)
    caveats.push(
      `trained for ${count(training.epochs, 'epoch')} where the paper has ${paperProtocol.epochs}`,
    );
  return { sameData: true, paperDataset: dataset.id, caveats };
}

const isPaperDataset = (id: string): id is PaperDataset => Object.hasOwn(paperDatasetLabels, id);
