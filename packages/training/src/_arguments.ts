import type * as tf from '@tensorflow/tfjs';
import { asClassifier, checkImageSet, countOf, WeightmapError, type ImageSet } from '@weightmap/core';
import { z } from 'zod';
import type { TrainingOptions } from './training-options.js';
import { trainingConfigSchema, type TrainingConfig } from './training-config.js';

/** Checks model, data and configuration before anything is computed. */
export function checkArguments(
  model: tf.LayersModel,
  data: { train: ImageSet; validation: ImageSet },
  config: TrainingConfig,
  { selectionAttack }: Pick<TrainingOptions, 'selectionAttack'> = {},
): void {
  const parsed = trainingConfigSchema.safeParse(config);
  if (!parsed.success)
    throw new WeightmapError('The training configuration is not valid.', {
      where: z.prettifyError(parsed.error).replaceAll('\n', ' '),
    });
  const isRobust = config.selection === 'robust';
  if (isRobust !== (config.selectionEpsilon !== undefined) || isRobust !== (selectionAttack !== undefined))
    throw new WeightmapError(
      isRobust
        ? 'The selection robust lacks its attack or its strength.'
        : `The selection ${config.selection} uses no attack.`,
      {
        where: `selectionAttack: ${selectionAttack?.id ?? 'none'}, selectionEpsilon: ${config.selectionEpsilon ?? 'none'}`,
        expected: 'both with the selection robust, and neither with another',
      },
    );
  if (model.trainableWeights.length === 0)
    throw new WeightmapError('The model has no trainable weights.', { where: `model ${model.name}` });
  asClassifier(model); // gives logits of images
  for (const part of ['train', 'validation'] as const) checkSet(model, part, data[part]);
}

function checkSet(model: tf.LayersModel, part: string, set: ImageSet): void {
  if (countOf(set) === 0)
    throw new WeightmapError(`There are no ${part} images.`, { expected: 'at least one image in each part' });
  const { height, width, channels, classes } = set.spec;
  const input = model.inputs[0].shape.slice(1).join('×');
  const logits = model.outputs[0].shape.at(-1);
  if (input !== [height, width, channels].join('×') || logits !== classes.length)
    throw new WeightmapError("The model and the images don't fit together.", {
      where: `${part} images of ${height}×${width}×${channels} in ${classes.length} classes`,
      expected: `${input} and ${logits} classes, as model ${model.name} has them`,
      fix: 'Build the model for this dataset.',
    });
  checkImageSet(set);
}
