import { z } from 'zod';
import { networkRow, percent } from './_network-row.js';

/** What corruptions do to the networks of a run, against a baseline among them. */
export const corruptedNetworksSchema = z.object({
  /** The variant whose errors the others are divided by, those of the same dataset and trial. */
  baseline: z.string(),
  /** Test images of each cell. */
  images: z.number().int().positive(),
  /** One row for each network. */
  cells: z.array(
    z.object({
      ...networkRow,
      /** Whose severities these are. */
      benchmark: z.string(),
      /** Error on the images without a corruption. */
      cleanErrorPercent: percent,
      /** Mean corruption error: the baseline has 100. */
      mce: z.number(),
      /** Null if the baseline loses nothing by a corruption. */
      relativeMce: z.number().nullable(),
      /** One for each corruption. */
      corruptions: z.array(
        z.object({
          /** Id of the corruption. */
          id: z.string(),
          /** By severity, from 1. */
          errorPercent: z.array(percent),
          /** Corruption error against the baseline, in percent. */
          ce: z.number(),
          /** By how much the error grows, against the baseline, in percent; null if the baseline's doesn't grow. */
          relativeCe: z.number().nullable(),
        }),
      ),
    }),
  ),
});

/** What `corruptedNetworksSchema` lets through. */
export type CorruptedNetworks = z.infer<typeof corruptedNetworksSchema>;
