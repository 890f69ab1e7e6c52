import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gradCamRecordSchema } from '@weightmap/core';
import { writeWhole } from '@weightmap/core/files';
import { z } from 'zod';
import { networkRow, percent } from './_network-row.js';
import { corruptedNetworksSchema } from './corrupted-networks.js';

const checkSchema = z.object({
  number: z.number(),
  id: z.string(),
  title: z.string(),
  meaning: z.string(),
  unit: z.string(),
  threshold: z.number(),
  least: z.boolean().optional(),
  value: z.number().nullable(),
  samples: z.array(z.number()).optional(),
  verdict: z.enum(['passed', 'flagged', 'undecided', 'not run', 'not applicable']),
  /** 95 %, over test images. */
  interval: z.tuple([z.number(), z.number()]).readonly().nullish(),
  /** Of an undecided check: images that would decide it. */
  imagesNeeded: z.number().nullish(),
  /** Why it did not run. */
  because: z.string().optional(),
});

const picture = z.string().regex(/^attacked\/[\w.-]+\.png$/, 'attacked/<name>.png');
const lookSchema = gradCamRecordSchema.extend({
  image: picture,
  heatmap: picture,
  perturbation: picture.optional(),
});

const attackedRunSchema = z.object({
  schemaVersion: z.literal(1),
  /** Test images attacked of each cell. */
  images: z.number().int().positive(),
  cells: z.array(
    z.object({
      ...networkRow,
      /** Without an attack. */
      cleanAccuracyPercent: percent,
      attacks: z.array(
        z.object({
          id: z.string(),
          label: z.string(),
          norm: z.string().nullable(),
          points: z.array(
            z.object({
              strength: z.number(),
              accuracyPercent: percent,
              meanLinf: z.number().nullable(),
              meanL2: z.number().nullable(),
            }),
          ),
        }),
      ),
      /** Accuracy if each image meets the worst for it of all attacks on L∞. */
      worst: z.array(z.object({ strength: z.number(), accuracyPercent: percent })),
      masking: z
        .object({
          epsilon: z.number(),
          count: z.number(),
          believable: z.boolean(),
          verdict: z.enum(['believable', 'suspicious', 'undecided', 'not applicable']).optional(),
          reason: z.string().optional(),
          pgdAccuracy: z.number().nullish(),
          checks: z.array(checkSchema),
        })
        .nullable(),
      /** A few images clean and under this attack, in the cell's folder; of the first trial alone. */
      pictures: z.object({ attack: z.string(), looks: z.array(lookSchema) }).optional(),
    }),
  ),
  /** Accuracy of the cell `to` on the images that PGD made against `from`. */
  transfer: z
    .object({
      epsilon: z.number(),
      pairs: z.array(z.object({ from: z.string(), to: z.string(), accuracyPercent: percent })),
    })
    .nullable(),
  /** Where corruptions were asked for. */
  corruptions: corruptedNetworksSchema.optional(),
});

/** What attacks on the trained networks of a run came to: `<run>/attacks.json`. */
export type AttackedRun = z.infer<typeof attackedRunSchema>;
export type AttackedSummary = AttackedRun['cells'][number];

const fileOf = (run: string) => path.join(run, 'attacks.json');

export async function writeAttackedRun(run: string, attacked: AttackedRun): Promise<string> {
  await writeWhole(fileOf(run), `${JSON.stringify(attackedRunSchema.parse(attacked), null, 1)}\n`);
  return fileOf(run);
}

/** Null if there is none, or one that can't be used: `weightmap attack` makes it again. */
export function readAttackedRun(run: string): AttackedRun | null {
  try {
    return attackedRunSchema.parse(JSON.parse(readFileSync(fileOf(run), 'utf8')));
  } catch {
    return null;
  }
}
