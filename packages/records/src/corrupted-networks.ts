import { z } from 'zod';
import { networkRow, percent } from './_network-row.js';

/** What corruptions do to the networks of a run, against a baseline among them. */
export const corruptedNetworksSchema = z.object({
  /** The variant whose errors the others are divided by, those of the same dataset and trial. */
  baseline: z.string(),
  /** Test images of each cell. */
  images: z.number().int().positive(),
  cells: z.array(
    z.object({
      ...networkRow,
      /** Whose severities these are. */
      benchmark: z.string(),
      cleanErrorPercent: percent,
      mce: z.number(),
      /** Null if the baseline loses nothing by a corruption. */
      relativeMce: z.number().nullable(),
      corruptions: z.array(
        z.object({
          id: z.string(),
          /** By severity, from 1. */
          errorPercent: z.array(percent),
          ce: z.number(),
          relativeCe: z.number().nullable(),
        }),
      ),
    }),
  ),
});

/** What `corruptedNetworksSchema` lets through. */
export type CorruptedNetworks = z.infer<typeof corruptedNetworksSchema>;
