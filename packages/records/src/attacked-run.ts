import { readFileSync } from 'node:fs';
import path from 'node:path';
import { writeWhole } from '@weightmap/core/files';
import { z } from 'zod';
import { networkRow, percent } from './_network-row.js';
import { cellPaths } from './cell-paths.js';
import { corruptedNetworksSchema } from './corrupted-networks.js';
import { gradCamRecordSchema, type GradCamRecord } from './run-record.js';

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
  verdict: z.enum(['passed', 'flagged', 'undecided', 'not run']),
  /** 95 %, over test images. */
  interval: z.tuple([z.number(), z.number()]).readonly().nullish(),
  /** Of an undecided check: images that would decide it. */
  imagesNeeded: z.number().nullish(),
  /** Why it did not run. */
  because: z.string().optional(),
});

const maskingSchema = z.object({
  epsilon: z.number(),
  count: z.number(),
  believable: z.boolean(),
  verdict: z.enum(['believable', 'suspicious', 'undecided', 'not applicable']),
  /** Why, in a sentence. */
  reason: z.string(),
  pgdAccuracy: z.number().nullable(),
  pgdAccuracyInterval: z.tuple([z.number(), z.number()]).readonly().nullable(),
  checks: z.array(checkSchema),
});

const picture = z.string().regex(/^attacked\/[\w.-]+\.png$/, 'attacked/<name>.png');
const lookSchema = gradCamRecordSchema.extend({
  image: picture,
  heatmap: picture,
  perturbation: picture.optional(),
});

/** One sample under one condition, and its pictures, relative to the cell's folder. */
export interface Look extends GradCamRecord {
  /** What was added to the clean image; only of what was attacked, and only if asked for. */
  readonly perturbation?: string;
}

const attackedRunSchema = z.object({
  schemaVersion: z.literal(2),
  /** Test images attacked of each cell: a `balancedSubset`, the same for all networks of a dataset. */
  images: z.number().int().positive(),
  /** Of the subset. */
  subsetSeed: z.number().int(),
  cells: z.array(
    z.object({
      ...networkRow,
      /** Test images that the shares are of. */
      images: z.number().int().positive(),
      /** Without an attack. */
      cleanAccuracyPercent: percent,
      attacks: z.array(
        z.object({
          id: z.string(),
          label: z.string(),
          norm: z.string().nullable(),
          /** What its strength is called: `epsilon`, `sigma`, … */
          measure: z.string(),
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
      /** Accuracy if each image meets the worst for it of all attacks of that norm and strength. */
      worst: z.array(z.object({ norm: z.string(), strength: z.number(), accuracyPercent: percent })),
      /** Signs of masking at each strength on L∞; null if they were not looked for. */
      masking: z.array(maskingSchema).nullable(),
      /** Parts that failed: what they would have measured is missing here, and the worst case with it. */
      failed: z.array(z.string()).optional(),
      /** A few images clean and under this attack, in the cell's folder; of the first trial alone. */
      pictures: z.object({ attack: z.string(), looks: z.array(lookSchema) }).optional(),
    }),
  ),
  /** At each strength, the accuracy of the cell `to` on the images that PGD made against `from`. */
  transfer: z
    .array(
      z.object({
        dataset: z.string(),
        epsilon: z.number(),
        images: z.number().int().positive(),
        pairs: z.array(z.object({ from: z.string(), to: z.string(), accuracyPercent: percent })),
      }),
    )
    .nullable(),
  /** Where corruptions were asked for. */
  corruptions: corruptedNetworksSchema.optional(),
});

/** What attacks on the trained networks of a run came to: `<run>/attacks.json`. */
export type AttackedRun = z.infer<typeof attackedRunSchema>;
export type AttackedSummary = AttackedRun['cells'][number];

/** A network's worst case over the attacks of a norm, by strength. */
export const worstOn = ({ worst }: AttackedSummary, norm: string): AttackedSummary['worst'] =>
  worst.filter((point) => point.norm === norm);

/**
 * - `believable`: no strength that was looked at has a sign of masking;
 * - `doubtful`: one has;
 * - `unknown`: nobody looked, the images are too few to tell, or PGD leaves nothing that could be doubted.
 */
export type MaskingVerdict = 'believable' | 'doubtful' | 'unknown';

/** What the checks at all strengths come to. */
export function maskingVerdict({ masking }: Pick<AttackedSummary, 'masking'>): MaskingVerdict {
  const verdicts = (masking ?? []).map(({ verdict }) => verdict);
  if (verdicts.includes('suspicious')) return 'doubtful';
  const isClear = verdicts.includes('believable') && !verdicts.includes('undecided');
  return isClear ? 'believable' : 'unknown';
}

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

/** Looks at samples, and the folder that their pictures are relative to. A stored record is one, too. */
export interface Pictured {
  /** The cell's folder. */
  readonly folder: string;
  /** The looks: one sample under one condition each. */
  readonly record: { readonly gradCam: readonly Look[] };
}

/** The pictures of an attacked network, in its cell's folder; null if it has none. */
export function attackedPictures(run: string, cell: AttackedSummary): (Pictured & { attack: string }) | null {
  if (!cell.pictures) return null;
  const { attack, looks } = cell.pictures;
  const { folder } = cellPaths(run, { ...cell, dataset: { id: cell.dataset } });
  return { attack, folder, record: { gradCam: looks } };
}
