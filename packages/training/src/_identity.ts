import { createHash } from 'node:crypto';
import type * as tf from '@tensorflow/tfjs';
import { countOf, type ImageSet, type Objective } from '@weightmap/core';
import { z } from 'zod';
import type { TrainingConfig } from './training-config.js';
import type { TrainingOptions } from './training-options.js';

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
  /** Absent where the loss is the cross-entropy alone. */
  objective: z.string().optional(),
});
export type Identity = z.infer<typeof identitySchema>;

export function identityOf(
  model: tf.LayersModel,
  data: { train: ImageSet; validation: ImageSet },
  { batchSize, learningRate, augmentation, selection, selectionEpsilon }: TrainingConfig,
  { seed, objective, selectionAttack }: Pick<TrainingOptions, 'seed' | 'objective' | 'selectionAttack'>,
): Identity {
  return {
    seed,
    batchSize,
    learningRate,
    augmentation,
    selection: selection === 'robust' ? `robust (${selectionAttack?.id}, ε ${selectionEpsilon})` : selection,
    trainingImages: describeImages(data.train),
    validationImages: describeImages(data.validation),
    model: model.weights.map(describeWeight),
    ...(objective && { objective: describeObjective(objective) }),
  };
}

/** The differences between the stored run and the wanted one, a line each. */
export function differences(stored: Identity, wanted: Identity): string[] {
  const { model: storedModel, ...storedRest } = stored;
  const { model: wantedModel, ...wantedRest } = wanted;
  const keys = new Set(Object.keys({ ...storedRest, ...wantedRest })) as Set<keyof typeof wantedRest>;
  const lines = [...keys]
    .filter((key) => storedRest[key] !== wantedRest[key])
    .map((key) => `${key} ${storedRest[key] ?? 'none'}, now ${wantedRest[key] ?? 'none'}`);
  if (storedModel.length !== wantedModel.length)
    lines.push(`model of ${storedModel.length} weights, now ${wantedModel.length}`);
  const first = wantedModel.findIndex((weight, i) => weight !== storedModel[i]);
  if (first >= 0) lines.push(`weight ${first} ${storedModel[first] ?? 'none'}, now ${wantedModel[first]}`);
  return lines;
}

/** Its own identity, and the shapes of what it trains along. */
function describeObjective({ identity, auxiliary = [] }: Objective): string {
  const shapes = auxiliary.map(({ shape }) => `[${shape.join()}]`);
  return [identity, ...shapes].join(' ');
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
