import { rename } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, parseJson } from '@weightmap/core';
import { readIfThere, writeWhole, writing } from '@weightmap/core/files';
import { z } from 'zod';
import { folderName, networkRow, percent } from './_network-row.js';
import { cellPaths } from './cell-paths.js';
import { contentDigest, DIGEST_DIFFERS } from './content-digest.js';
import { corruptedNetworksSchema } from './corrupted-networks.js';
import { defendedNetwork } from './defended-networks.js';
import { gradCamRecordSchema, type GradCamRecord } from './run-record.js';

const checkSchema = z.object({
  /** Its number in the list of checks. */
  number: z.number(),
  /** Its name: `unchanged`, `black-box`, … */
  id: z.string(),
  /** In a table. */
  title: z.string(),
  /** The meaning of a flagged check. */
  meaning: z.string(),
  /** Of `value` and `threshold`. */
  unit: z.string(),
  /** The limit that decides. */
  threshold: z.number(),
  /** Whether `threshold` is a least value; otherwise it is a largest one. */
  least: z.boolean().optional(),
  /** The measured value; null if it could not be measured. */
  value: z.number().nullable(),
  /** The measurements behind `value`, where there are several. */
  samples: z.array(z.number()).optional(),
  /** `flagged`: a sign of masking. */
  verdict: z.enum(['passed', 'flagged', 'undecided', 'not run']),
  /** 95 %, over test images. */
  interval: z.tuple([z.number(), z.number()]).readonly().nullish(),
  /** Of an undecided check: images that would decide it. */
  imagesNeeded: z.number().nullish(),
  /** Why it did not run. */
  because: z.string().optional(),
});

const maskingSchema = z.object({
  /** The strength on L∞ that was checked. */
  epsilon: z.number(),
  /** Test images of the checks. */
  count: z.number(),
  /** Whether `verdict` is `believable`. */
  believable: z.boolean(),
  /** The result of all checks. */
  verdict: z.enum(['believable', 'suspicious', 'undecided', 'not applicable']),
  /** Why, in a sentence. */
  reason: z.string(),
  /** Accuracy under PGD on these images, 0 … 1; null if it was not measured. */
  pgdAccuracy: z.number().nullable(),
  /** 95 %, over these images. */
  pgdAccuracyInterval: z.tuple([z.number(), z.number()]).readonly().nullable(),
  /** Each check. */
  checks: z.array(checkSchema),
});

const picture = z.string().regex(/^attacked\/[\w.-]+\.png$/, 'attacked/<name>.png');
const lookSchema = gradCamRecordSchema.extend({
  /** Path of the image (PNG), relative to the cell's folder. */
  image: picture,
  /** Path of its heat map (PNG). */
  heatmap: picture,
  /** Path of the perturbation (PNG). */
  perturbation: picture.optional(),
});

/** One sample under one condition, and its pictures, relative to the cell's folder. */
export interface Look extends GradCamRecord {
  /** Path of the perturbation (PNG); only for attacked images, and only on request. */
  readonly perturbation?: string;
}

const attackedRunSchema = z.object({
  /** Other versions are not read. */
  schemaVersion: z.literal(2),
  /** Test images attacked of each cell: a `balancedSubset`, the same for all networks of a dataset. */
  images: z.number().int().positive(),
  /** Of the subset. */
  subsetSeed: z.number().int(),
  /** One row for each attacked network. */
  cells: z.array(
    z.object({
      ...networkRow,
      /** Test images that the shares are of. */
      images: z.number().int().positive(),
      /** Without an attack. */
      cleanAccuracyPercent: percent,
      /** In the order in which they ran. */
      attacks: z.array(
        z.object({
          /** Id of the attack: `pgd`. */
          id: z.string(),
          /** Its name in a report: `PGD`. */
          label: z.string(),
          /** The norm of its ball: `linf`, `l2`, …; null if it promises none. */
          norm: z.string().nullable(),
          /** What its strength is called: `epsilon`, `sigma`, … */
          measure: z.string(),
          /** One for each strength. */
          points: z.array(
            z.object({
              /** In the unit of `measure`. */
              strength: z.number(),
              /** Share classified correctly, 0 … 100. */
              accuracyPercent: percent,
              /** Test images that the share is of, where the attack got fewer: the first ones. */
              images: z.number().int().positive().optional(),
              /** Mean L∞ size of the changes, over the images that were changed; null if none was. */
              meanLinf: z.number().nullable(),
              /** The same for L2. */
              meanL2: z.number().nullable(),
            }),
          ),
        }),
      ),
      /** Accuracy if each image meets the worst for it of all attacks of that norm and strength. */
      worst: z.array(
        z.object({
          /** `linf`, `l2`, … */
          norm: z.string(),
          /** In the units of the norm. */
          strength: z.number(),
          /** Share classified correctly, 0 … 100. */
          accuracyPercent: percent,
          /** Test images that the share is of, where one of the attacks got fewer: the first ones. */
          images: z.number().int().positive().optional(),
        }),
      ),
      /** Signs of masking at each strength on L∞; null if they were not looked for. */
      masking: z.array(maskingSchema).nullable(),
      ...defendedNetwork,
      /** Parts that failed: what they would have measured is missing here, and the worst case with it. */
      failed: z.array(z.string()).optional(),
      /** A few images clean and under this attack, in the cell's folder; of the first trial alone. */
      pictures: z
        .object({
          /** Id of the attack. */
          attack: z.string(),
          /** Each image clean and attacked. */
          looks: z.array(lookSchema),
        })
        .optional(),
    }),
  ),
  /** At each strength, the accuracy of the cell `to` on the images that PGD made against `from`. */
  transfer: z
    .array(
      z.object({
        /** Id of the dataset. */
        dataset: folderName,
        /** Of PGD, on L∞. */
        epsilon: z.number(),
        /** Test images. */
        images: z.number().int().positive(),
        /** One for each pair of networks. */
        pairs: z.array(
          z.object({
            /** Variant that the images were made against. */
            from: z.string(),
            /** Variant that classifies them. */
            to: z.string(),
            /** Share that it classifies correctly, 0 … 100. */
            accuracyPercent: percent,
          }),
        ),
      }),
    )
    .nullable(),
  /** Where corruptions were asked for. */
  corruptions: corruptedNetworksSchema.optional(),
});

/** What attacks on the trained networks of a run came to: `<run>/attacks.json`. */
export type AttackedRun = z.infer<typeof attackedRunSchema>;
/** The results of attacks on one network. */
export type AttackedSummary = AttackedRun['cells'][number];

/** A network's worst case over the attacks of a norm, by strength. */
export const worstOn = ({ worst }: AttackedSummary, norm: string): AttackedSummary['worst'] =>
  worst.filter((point) => point.norm === norm);

/**
 * - `believable`: no strength that was looked at has a sign of masking;
 * - `doubtful`: one has;
 * - `unknown`: there were no checks, the images are too few, or no image is classified correctly under PGD.
 */
export type MaskingVerdict = 'believable' | 'doubtful' | 'unknown';

/** The result of the checks at all strengths. */
export function maskingVerdict({ masking }: Pick<AttackedSummary, 'masking'>): MaskingVerdict {
  const verdicts = (masking ?? []).map(({ verdict }) => verdict);
  if (verdicts.includes('suspicious')) return 'doubtful';
  const isClear = verdicts.includes('believable') && !verdicts.includes('undecided');
  return isClear ? 'believable' : 'unknown';
}

const fileOf = (run: string) => path.join(run, 'attacks.json');

/** Bytes of the largest file that is read. */
const LARGEST = 256 * 2 ** 20;

/** The file: the results, and a digest by which a changed bit is noticed; absent from the files of earlier versions. */
const fileSchema = attackedRunSchema.extend({ sha256: z.string().optional() });

/**
 * Writes `<run>/attacks.json`, with a digest of its content. An earlier file that can't be used is kept as `attacks.damaged.json`.
 *
 * @returns its path.
 */
export async function writeAttackedRun(run: string, attacked: AttackedRun): Promise<string> {
  const content = attackedRunSchema.parse(attacked);
  const { problem } = await readAttacks(run);
  const kept = path.join(run, 'attacks.damaged.json');
  if (problem !== null) await writing(kept, () => rename(fileOf(run), kept));
  const text = `${JSON.stringify({ ...content, sha256: contentDigest(content) }, null, 1)}\n`;
  await writeWhole(fileOf(run), text, { within: run });
  return fileOf(run);
}

/** The results of attacks as they are stored. */
export interface StoredAttacks {
  /** Null if there are none, or if they can't be used. */
  readonly attacked: AttackedRun | null;
  /** Why the file can't be used; null if it can, or if there is none. */
  readonly problem: string | null;
}

/** Reads and checks `<run>/attacks.json`. `weightmap attack` makes one that can't be used again. */
export async function readAttacks(run: string): Promise<StoredAttacks> {
  try {
    const bytes = await readIfThere(fileOf(run), { within: run, largest: LARGEST });
    if (!bytes) return { attacked: null, problem: null };
    const { sha256, ...attacked } = fileSchema.parse(parseJson(String(bytes)));
    if (sha256 !== undefined && sha256 !== contentDigest(attacked)) throw new Error(DIGEST_DIFFERS);
    return { attacked, problem: null };
  } catch (error) {
    return { attacked: null, problem: error instanceof z.ZodError ? firstIssue(error) : messageOf(error) };
  }
}

/** As `readAttacks`: null if there is no file, or one that can't be used. */
export const readAttackedRun = async (run: string): Promise<AttackedRun | null> =>
  (await readAttacks(run)).attacked;

const firstIssue = ({ issues: [{ path: at, message }] }: z.ZodError): string =>
  `${at.map(String).join('.') || 'file'}: ${message}`;

/** Looks at samples, and the folder that their pictures are relative to. A stored record is one, too. */
export interface Pictured {
  /** The cell's folder. */
  readonly folder: string;
  /** As in a record. */
  readonly record: {
    /** One sample under one condition each. */
    readonly gradCam: readonly Look[];
  };
}

/** Pictures of an attacked network. */
export interface AttackedPictures extends Pictured {
  /** Id of the attack. */
  readonly attack: string;
}

/** The pictures of an attacked network, in its cell's folder; null if it has none. */
export function attackedPictures(run: string, cell: AttackedSummary): AttackedPictures | null {
  if (!cell.pictures) return null;
  const { attack, looks } = cell.pictures;
  const { folder } = cellPaths(run, { ...cell, dataset: { id: cell.dataset } });
  return { attack, folder, record: { gradCam: looks } };
}
