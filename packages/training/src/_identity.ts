import { createHash } from 'node:crypto';
import type * as tf from '@tensorflow/tfjs';
import { countOf, type ImageSet } from '@weightmap/core';
import { z } from 'zod';
import type { TrainingConfig } from './training-config.js';

/**
 * The identity of a training run: two runs with the same one pass through the same weights. The number of epochs is not
 * part of it, so that a finished run can be trained further.
 */
export const identitySchema = z.strictObject({
  seed: z.number(),
  batchSize: z.number(),
  learningRate: z.number(),
  augmentation: z.string(),
  selection: z.string(),
  trainingImages: z.string(),
  validationImages: z.string(),
  model: z.array(z.string()),
});
export type Identity = z.infer<typeof identitySchema>;

export function identityOf(
  model: tf.LayersModel,
  data: { train: ImageSet; validation: ImageSet },
  { batchSize, learningRate, augmentation, selection }: TrainingConfig,
  seed: number,
): Identity {
  return {
    seed,
    batchSize,
    learningRate,
    augmentation,
    selection,
    trainingImages: describeImages(data.train),
    validationImages: describeImages(data.validation),
    model: model.weights.map(describeWeight),
  };
}

/** The differences between the stored run and the wanted one, a line each. */
export function differences(stored: Identity, wanted: Identity): string[] {
  const { model: storedModel, ...storedRest } = stored;
  const { model: wantedModel, ...wantedRest } = wanted;
  const lines = (Object.keys(wantedRest) as (keyof typeof wantedRest)[])
    .filter((key) => storedRest[key] !== wantedRest[key])
    .map((key) => `${key} ${storedRest[key]}, now ${wantedRest[key]}`);
  if (storedModel.length !== wantedModel.length)
    lines.push(`model of ${storedModel.length} weights, now ${wantedModel.length}`);
  const first = wantedModel.findIndex((weight, i) => weight !== storedModel[i]);
  if (first >= 0) lines.push(`weight ${first} ${storedModel[first] ?? 'none'}, now ${wantedModel[first]}`);
  return lines;
}

function describeImages(set: ImageSet): string {
  const { height, width, channels, classes } = set.spec;
  const digest = createHash('sha256').update(set.labels).update(set.pixels).digest('hex').slice(0, 16);
  return `${countOf(set)} of ${height}×${width}×${channels} in ${classes.length} classes (${digest})`;
}

/** Name, shape, and whether it is trained: `conv-1/kernel [3,3,1,33]`. */
function describeWeight({ originalName, shape, trainable }: tf.LayerVariable): string {
  // tfjs numbers layers without a name in the order in which this process makes them (conv2d_Conv2D7): the number is
  // no property of the model.
  const name = originalName.replace(/_[A-Z][A-Za-z0-9]*?\d+(?=\/)/g, '');
  return `${name} [${shape.join(',')}]${trainable ? '' : ' not trained'}`;
}
