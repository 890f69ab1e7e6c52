import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
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
  /** SHA-256 of the plugin that it comes from. */
  plugin: z.string().optional(),
});

const plannedNetworkSchema = z.strictObject({
  cellId: z.string(),
  /** SHA-256 of the files of its weights. */
  weights: z.string(),
  classes: z.number().int(),
  /** Of a forward pass of one image. */
  flops: z.number(),
  /** Attacked itself, or only there as the baseline of corruptions. */
  attacked: z.boolean(),
  /** Whether pictures are drawn of it. */
  pictured: z.boolean(),
});

const planSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Of the images that are attacked, and of nothing else. */
  subset: z.strictObject({ images: z.number().int().positive(), seed: z.number().int() }),
  engine: z.string(),
  /** What is done to the networks of each dataset, by its id. */
  datasets: z.record(
    z.string(),
    z.strictObject({
      attacks: z.array(plannedAttackSchema),
      /** Strengths on L∞ that a report speaks of: where signs of masking are looked for, and images are transferred. */
      epsilons: z.array(z.number().positive()),
      /** Strength that pictures are drawn at; null for none. */
      pictured: z.number().nullable(),
    }),
  ),
  networks: z.array(plannedNetworkSchema),
  /** Test images that are looked at for signs of gradient masking; null for no look. */
  masking: z.strictObject({ images: z.number().int().positive() }).nullable(),
  transfer: z.boolean(),
  corruptions: z.strictObject({ baseline: z.string() }).nullable(),
  plugins: z.array(storedPluginSchema).optional(),
});

/** What attacks on the networks of a run consist of: written before the first of them, read by every process that does a part. */
export type AttackPlan = z.infer<typeof planSchema>;
export type PlannedAttack = AttackPlan['datasets'][string]['attacks'][number];
export type PlannedNetwork = AttackPlan['networks'][number];

/** What belongs to all attacks of a run: the plan, and what its workers print. */
export const attacksFolder = (run: string): string => path.join(run, 'attacks');

const fileOf = (run: string) => path.join(attacksFolder(run), 'plan.json');

export async function writeAttackPlan(run: string, plan: AttackPlan): Promise<void> {
  await writeWhole(fileOf(run), `${JSON.stringify(planSchema.parse(plan), null, 1)}\n`);
}

/**
 * Null if the run was never attacked.
 *
 * @throws WeightmapError if the plan can't be used.
 */
export async function readAttackPlan(run: string): Promise<AttackPlan | null> {
  const bytes = await readIfThere(fileOf(run));
  if (!bytes) return null;
  try {
    return planSchema.parse(JSON.parse(bytes.toString()));
  } catch (error) {
    throw new WeightmapError("The run's plan of attacks can't be used.", {
      where: `${fileOf(run)}: ${error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : messageOf(error)}`,
      fix: 'start the attacks again with `weightmap attack`: it writes the plan anew, and finished parts stay',
    });
  }
}
