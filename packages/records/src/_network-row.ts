import { z } from 'zod';

/** 0 … 100 */
export const percent = z.number().min(0).max(100);

/** Which network a row is about. */
export const networkRow = {
  cellId: z.string(),
  variant: z.string(),
  dataset: z.string(),
  trial: z.number().int(),
};
