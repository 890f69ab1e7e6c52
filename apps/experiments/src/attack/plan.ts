import path from 'node:path';
import { messageOf, parseJson, WeightmapError } from '@weightmap/core';
import { readIfThere, writeWhole } from '@weightmap/core/files';
import { storedPluginSchema } from '@weightmap/records';
import { z } from 'zod';

const plannedAttackSchema = z.strictObject({
  id: z.string(),
  label: z.string(),
  kind: z.enum(['noise', 'fixed', 'minimal']),
  strength: z.enum(['epsilon', 'beta', 'sigma', 'width', 'share', 'reduction', 'shift', 'grain']),
  norm: z.enum(['linf', 'l2', 'l1', 'l0']).nullable(),
  source: z.string(),
  strengths: z.array(z.number().nonnegative()).min(1),
  /** The number of images it attacks, where that is fewer than the plan's: the first ones of them. */
  images: z.number().int().positive().optional(),
  /** SHA-256 of its plugin. */
  plugin: z.string().optional(),
});

const plannedNetworkSchema = z.strictObject({
  cellId: z.string(),
  /** SHA-256 of the files of its weights. */
  weights: z.string(),
  classes: z.number().int(),
  /** FLOPs of a forward pass of one image. */
  flops: z.number(),
  /** False for a network that is only the baseline of corruptions. */
  attacked: z.boolean(),
  /** Whether pictures are drawn of it. */
  pictured: z.boolean(),
  /** Attacks that know its defence, in addition to those on its dataset. */
  adaptive: z.array(plannedAttackSchema).optional(),
  /** Ids of the attacks that its defence must withstand, whether they run or not. */
  withstands: z.array(z.string()).optional(),
  /** Gradients of single images that its training took; only in a run with defences. */
  trainingGradients: z.number().optional(),
  /** Whether its defence may abstain: its images are then scored, too. */
  rejects: z.boolean().optional(),
});

const planSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** The attacked images. */
  subset: z.strictObject({ images: z.number().int().positive(), seed: z.number().int() }),
  engine: z.string(),
  /** What is done to the networks of each dataset, by the dataset's id. */
  datasets: z.record(
    z.string(),
    z.strictObject({
      attacks: z.array(plannedAttackSchema),
      /** Strengths on L∞ at which masking is checked and images are transferred. */
      epsilons: z.array(z.number().positive()),
      /** The strength that pictures are drawn at; null for no pictures. */
      pictured: z.number().nullable(),
      /** Channels of its images, where it comes from a plugin: the plan is then read without it. */
      channels: z.number().int().positive().optional(),
    }),
  ),
  networks: z
    .array(plannedNetworkSchema)
    .refine((networks) => new Set(networks.map(({ cellId }) => cellId)).size === networks.length, {
      message: 'a network is listed twice',
    }),
  /** The number of test images of the masking checks; null for no checks. */
  masking: z.strictObject({ images: z.number().int().positive() }).nullable(),
  transfer: z.boolean(),
  /** The attack of somebody who doesn't know the defences, on all networks; absent for a run without defences. */
  static: plannedAttackSchema.pick({ id: true, label: true }).optional(),
  corruptions: z.strictObject({ baseline: z.string() }).nullable(),
  plugins: z.array(storedPluginSchema).optional(),
});

/** The plan of a campaign: written before its first part, read by every worker. */
export type AttackPlan = z.infer<typeof planSchema>;
export type PlannedAttack = AttackPlan['datasets'][string]['attacks'][number];
export type PlannedNetwork = AttackPlan['networks'][number];

/** The folder of a run's plan of attacks and of its workers' logs. */
export const attacksFolder = (run: string): string => path.join(run, 'attacks');

const fileOf = (run: string) => path.join(attacksFolder(run), 'plan.json');

export async function writeAttackPlan(run: string, plan: AttackPlan): Promise<void> {
  await writeWhole(fileOf(run), `${JSON.stringify(planSchema.parse(plan), null, 1)}\n`, { within: run });
}

/**
 * The plan of a run's attacks; null if the run was never attacked.
 *
 * @throws WeightmapError if the file is damaged or has another format.
 */
export async function readAttackPlan(run: string): Promise<AttackPlan | null> {
  const bytes = await readIfThere(fileOf(run), { within: run, largest: 64 * 2 ** 20 });
  if (!bytes) return null;
  try {
    return planSchema.parse(parseJson(bytes.toString()));
  } catch (error) {
    throw new WeightmapError("The run's plan of attacks can't be read.", {
      where: `${fileOf(run)}: ${error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : messageOf(error)}`,
      fix: 'run `weightmap attack` again: it writes a new plan, and finished parts are kept',
    });
  }
}
