import {
  countOf,
  randomStream,
  splitOff,
  WeightmapError,
  type DatasetOptions,
  type ImageSet,
} from '@weightmap/core';
import { counted } from './_counted.js';

/**
 * Splits a published training part into training and validation (paper, section 4.1: 90/10), by the
 * stream (seed, 'split', id).
 *
 * @throws WeightmapError if the share is not in [0, 1).
 */
export function splitTraining(
  set: ImageSet,
  id: string,
  { seed, validationFraction = 0.1 }: Pick<DatasetOptions, 'seed' | 'validationFraction'>,
): { train: ImageSet; validation: ImageSet; note: string } {
  if (!(validationFraction >= 0 && validationFraction < 1))
    throw new WeightmapError(`The validation share is ${validationFraction}.`, {
      where: 'validationFraction',
      expected: 'a number in [0, 1)',
    });
  if (!Number.isSafeInteger(seed))
    throw new WeightmapError(`The seed is ${seed}.`, { where: 'seed', expected: 'an integer' });
  const [train, validation] = splitOff(set, validationFraction, randomStream(seed, 'split', id));
  const note = `${counted(countOf(train), 'image trains', 'images train')} and ${counted(countOf(validation), 'validates', 'validate')}, drawn from ${countOf(set)} by seed ${seed}.`;
  return { train, validation, note };
}
