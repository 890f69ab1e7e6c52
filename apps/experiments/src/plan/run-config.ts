import path from 'node:path';
import {
  evaluationConfigSchema,
  messageOf,
  splitUnits,
  trainingConfigSchema,
  WeightmapError,
} from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { parse } from 'yaml';
import { z } from 'zod';
import { presets } from './presets.js';

const natural = z.number().int().positive();
const texts = z.array(z.string().min(1));

/** What a configuration file may say: the options of `weightmap run` by their names in camel case, and the preset. */
export const runConfigSchema = z.strictObject({
  $schema: z.string().optional().describe('where an editor finds this schema'),
  preset: z
    .string()
    .optional()
    .describe(`which grid: ${Object.keys(presets).join(', ')}`),
  select: texts.optional().describe('rows to run: ids or globs; !id leaves rows out'),
  dataset: texts.optional().describe("datasets to run on instead of the rows' own"),
  paperRows: z.boolean().optional().describe('only rows that the paper has on each dataset'),
  epochs: natural.optional().describe('passes over the training part'),
  learningRate: z.number().positive().optional().describe("Adam's step size"),
  trials: natural.optional().describe('repetitions with other seeds'),
  selection: trainingConfigSchema.shape.selection
    .optional()
    .describe('which epoch is measured: the best on the validation images, or the last'),
  noiseRescale: evaluationConfigSchema.shape.noiseRescale
    .optional()
    .describe("how noisy images are rescaled: each by its own range, or all by the noise's bound"),
  seed: z.number().int().optional().describe('where every random number comes from'),
  out: z.string().min(1).optional().describe('where results go; relative to this file'),
  data: z.string().min(1).optional().describe('look for datasets here first; relative to this file'),
  imagesPerClass: natural.optional().describe('photos drawn of each class (iWildCam)'),
  splitBy: z.enum(splitUnits).optional().describe('what never lies in two parts (iWildCam)'),
  plugin: texts.optional().describe('modules with components of your own; relative to this file'),
  offline: z.boolean().optional().describe('never download'),
  workers: natural.optional().describe('cells at a time'),
  threads: natural.optional().describe('threads of each cell'),
  launcher: z.enum(['local', 'slurm', 'kubernetes']).optional().describe('who starts the processes'),
  sbatch: texts.optional().describe('passed on to sbatch: partition=long for --partition=long'),
  image: z.string().min(1).optional().describe('for kubernetes: an image that has the weightmap command'),
  claim: z.string().min(1).optional().describe('for kubernetes: the claim of the volume that the run is on'),
  tensorboard: z.boolean().optional().describe('write logs for TensorBoard'),
  checkpointSeconds: z
    .number()
    .nonnegative()
    .optional()
    .describe('at most so much of an epoch is lost to a crash'),
});
export type RunConfig = z.infer<typeof runConfigSchema>;

/**
 * A configuration file, JSON or YAML, with its paths made absolute.
 *
 * @throws WeightmapError if it is missing, can't be parsed or says something that isn't an option; each with its place.
 */
export async function readRunConfig(file: string): Promise<RunConfig> {
  const bytes = await readIfThere(file);
  if (!bytes) throw new WeightmapError('There is no such configuration file.', { where: file });
  let content: unknown;
  try {
    content = parse(bytes.toString('utf8')); // JSON is YAML, too
  } catch (error) {
    throw new WeightmapError("The configuration file can't be read.", {
      where: `${file}: ${messageOf(error).split('\n')[0]}`,
      expected: 'JSON or YAML',
    });
  }
  const checked = runConfigSchema.safeParse(content);
  if (!checked.success)
    throw new WeightmapError('The configuration file says something that is no setting.', {
      where: `${file}: ${z.prettifyError(checked.error).replaceAll(/\n\s*/g, ' ')}`,
      expected: 'the options of `weightmap run`, in camel case',
      fix: '`weightmap schema` prints what may stand there',
    });
  const { $schema: _, ...config } = checked.data;
  const here = (name: string) => path.resolve(path.dirname(file), name);
  return {
    ...config,
    ...(config.out !== undefined && { out: here(config.out) }),
    ...(config.data !== undefined && { data: here(config.data) }),
    ...(config.plugin && { plugin: config.plugin.map(here) }),
  };
}
