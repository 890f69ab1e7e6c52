import { z } from 'zod';

/** 0 … 100 */
export const percent = z.number().min(0).max(100);

/** Which network a row is about. */
export const networkRow = {
  /** Of the trained network's cell. */
  cellId: z.string(),
  /** Id of the variant. */
  variant: z.string(),
  /** Id of the dataset. */
  dataset: z.string(),
  /** Number of the trial, from 1. */
  trial: z.number().int(),
};
