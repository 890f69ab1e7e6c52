import { z } from 'zod';

/** Checks a `TrainingConfig` that comes from outside. */
export const trainingConfigSchema = z.strictObject({
  /** Passes over the training part. */
  epochs: z.number().int().positive(),
  /** Images a step. */
  batchSize: z.number().int().positive(),
  /** Adam's step size. */
  learningRate: z.number().finite().positive(),
  /** `pad-crop`: pad by 2 with zeros, then crop at random (paper, section 4.1). */
  augmentation: z.enum(['none', 'pad-crop']),
  /**
   * Which epoch's weights are kept: the one with the lowest validation error, the last, or the one with the lowest validation
   * error under an attack.
   */
  selection: z.enum(['best', 'last', 'robust']),
  /** Strength of that attack, in units of pixels of [0, 1]; for `robust` alone. */
  selectionEpsilon: z.number().finite().positive().optional(),
});

/** How a network is trained. */
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;

/** Checks an `EpochRecord` that was read from a checkpoint. */
export const epochRecordSchema = z.strictObject({
  /** From 1. */
  epoch: z.number().int().positive(),
  /**
   * Cross-entropy in nats, mean over the training images, each by the weights of its step. With an objective: its loss
   * instead.
   */
  trainLoss: z.number().finite(),
  /** Cross-entropy in nats, mean over the validation images, after the epoch. */
  validationLoss: z.number().finite(),
  /** Share of the validation images misclassified, 0 … 100. */
  validationErrorPercent: z.number().finite().min(0).max(100),
  /** The same under the attack that epochs are selected by, on at most 1,000 images; with the selection `robust` alone. */
  validationRobustErrorPercent: z.number().finite().min(0).max(100).optional(),
});

/** One epoch of the training history. */
export type EpochRecord = z.infer<typeof epochRecordSchema>;
