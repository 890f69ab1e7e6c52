import { z } from 'zod';
import { FOLDER_NAME } from './_folder-name.js';

/** 0 … 100 */
export const percent = z.number().min(0).max(100);

/** The id of a dataset or variant. */
export const folderName = z
  .string()
  .max(500)
  .regex(FOLDER_NAME, 'a name of letters, digits, “-”, “_”, “.”, “+” and “=”');

/** Which network a row is about. */
export const networkRow = {
  /** Of the trained network's cell. */
  cellId: z.string(),
  /** Id of the variant. */
  variant: folderName,
  /** Id of the dataset. */
  dataset: folderName,
  /** Number of the trial, from 1. */
  trial: z.number().int().positive(),
};
