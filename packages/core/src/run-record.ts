import { z } from 'zod';

/** Raised when a record of an older version can no longer be read as a newer one. */
export const RECORD_SCHEMA_VERSION = 2;

const finite = z.number().finite();
const count = z.number().int().nonnegative();
const percent = finite.min(0).max(100);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hex');

/** How a cell is trained. Part of the cell's identity. */
export const trainingConfigSchema = z.strictObject({
  /** Passes over the training part. */
  epochs: z.number().int().positive(),
  /** Images a step. */
  batchSize: z.number().int().positive(),
  /** Adam's step size. */
  learningRate: finite.positive(),
  /** `pad-crop`: pad by 2 with zeros, then crop at random (paper, section 4.1). */
  augmentation: z.enum(['none', 'pad-crop']),
  /** Which epoch's weights are kept: the one with the lowest validation error, or the last. */
  selection: z.enum(['best', 'last']),
});
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;

/** What is measured on a trained cell. Part of the cell's identity. */
export const evaluationConfigSchema = z.strictObject({
  /** Bounds of the uniform noise, pixel units of [0, 1]. */
  betas: z.array(finite.nonnegative()),
  /** `min-max`: each image by its own range; `bound`: all by 1/(1+β). */
  noiseRescale: z.enum(['min-max', 'bound']),
  /** Sizes of the FGSM step, pixel units of [0, 1]. */
  epsilons: z.array(finite.nonnegative()),
  /** Test images used for the robustness curves; null for all. */
  robustnessImages: z.number().int().positive().nullable(),
  /** Test images that the activation variances are taken over; all of them if there are fewer. */
  varianceImages: z.number().int().positive(),
  /** Test images whose Grad-CAM maps are measured; all of them if there are fewer. */
  sharpnessImages: z.number().int().positive(),
});
export type EvaluationConfig = z.infer<typeof evaluationConfigSchema>;

/** Everything that decides a cell's result: variant, data, seed, training, evaluation. Its hash is the cell id. */
export const cellConfigSchema = z.strictObject({
  variant: z.string().min(1),
  architecture: z.string().min(1),
  dataset: z.strictObject({
    id: z.string().min(1),
    label: z.string().min(1),
    checksum: sha256,
    /** Images used, after any limit. */
    train: count,
    validation: count,
    test: count,
  }),
  trial: z.number().int().positive(),
  seed: z.number().int(),
  training: trainingConfigSchema,
  evaluation: evaluationConfigSchema,
  /** SHA-256 of each plugin that gives the data, the network or a metric of it; absent without one. */
  plugins: z.array(sha256).min(1).optional(),
});
export type CellConfig = z.infer<typeof cellConfigSchema>;

/** One epoch of the training history. */
export const epochRecordSchema = z.strictObject({
  epoch: z.number().int().positive(),
  trainLoss: finite,
  validationLoss: finite,
  validationErrorPercent: percent,
});
export type EpochRecord = z.infer<typeof epochRecordSchema>;

export const noisePointSchema = z.strictObject({ beta: finite.nonnegative(), errorPercent: percent });
export type NoisePoint = z.infer<typeof noisePointSchema>;

export const fgsmPointSchema = z.strictObject({ epsilon: finite.nonnegative(), errorPercent: percent });
export type FgsmPoint = z.infer<typeof fgsmPointSchema>;

/** A Grad-CAM picture beside the record. */
export const gradCamRecordSchema = z.strictObject({
  /** Path of the heat map (PNG), relative to the record's folder. */
  heatmap: z.string().regex(/^grad-cam\/[\w.-]+\.png$/, 'grad-cam/<name>.png'),
  /** Path of the input image (PNG), relative to the record's folder. */
  image: z.string().regex(/^grad-cam\/[\w.-]+\.png$/, 'grad-cam/<name>.png'),
  layer: z.string(),
  /** Index into the test part. */
  sample: count,
  /** `clean`, `noisy` (uniform noise) or `attacked` (FGSM). */
  condition: z.enum(['clean', 'noisy', 'attacked']),
  /** β or ε of the condition, 0 for clean. */
  strength: finite.nonnegative(),
  label: z.string(),
  predicted: z.string(),
  /** Softmax probability of the prediction. */
  probability: finite.min(0).max(1),
});
export type GradCamRecord = z.infer<typeof gradCamRecordSchema>;

/**
 * How a layer passes variance on. Every variance is that of one activation over the images (divided by n), then
 * averaged over positions and channels.
 */
export const layerVarianceSchema = z.strictObject({
  /** Of what the layer is given. */
  input: finite.nonnegative(),
  /** Of what it gives, after its own activation function. */
  output: finite.nonnegative(),
  /** `output / input`, the one figure that convolutions and weight maps share; null where the input doesn't vary. */
  gain: finite.nonnegative().nullable(),
  /**
   * The paper's equation 5, Var[w ⊙ x] = w²·Var[x]: both sides averaged over positions and pairs of channels, each
   * divided by `input`. Null for convolutions, and where the input doesn't vary.
   */
  amplification: z
    .strictObject({
      /** The left side: the products w·x of every image, and their variance. */
      measured: finite.nonnegative(),
      /** The right side. */
      predicted: finite.nonnegative(),
    })
    .nullable(),
});
export type LayerVariance = z.infer<typeof layerVarianceSchema>;

/** One feature layer's activation variances, on the test images as they are and with uniform noise (paper, section 5). */
export const activationVarianceSchema = z.strictObject({
  layer: z.string().min(1),
  kind: z.enum(['conv', 'smoothing', 'unsharp']),
  /** Images that the variances are taken over, the first of the test part. */
  n: z.number().int().positive(),
  /** Bound of the noise, pixel units of [0, 1]. */
  beta: finite.nonnegative(),
  clean: layerVarianceSchema,
  noisy: layerVarianceSchema,
});
export type ActivationVarianceRecord = z.infer<typeof activationVarianceSchema>;

/** A figure that every image has, over the images that have it. */
export const summarySchema = z.strictObject({
  mean: finite,
  /** Standard deviation of the images (divided by n − 1); null for one image. */
  sd: finite.nonnegative().nullable(),
  n: z.number().int().positive(),
});
export type Summary = z.infer<typeof summarySchema>;

/** How sharp, sparse and localised the Grad-CAM maps of one condition are; of the classes predicted. */
export const gradCamSharpnessSchema = z.strictObject({
  layer: z.string().min(1),
  /** `clean`, `noisy` (uniform noise) or `attacked` (FGSM). */
  condition: z.enum(['clean', 'noisy', 'attacked']),
  /** β or ε of the condition, 0 for clean. */
  strength: finite.nonnegative(),
  /** Maps made, one for each of the first images of the test part. */
  n: z.number().int().positive(),
  /** Maps that are 0 everywhere, of which nothing below can be said: they are left out of the summaries. */
  empty: count,
  /** Hoyer's sparsity: 0 for a flat map, 1 for one that has a single place. Null if every map is empty. */
  hoyer: summarySchema.nullable(),
  /** Entropy over the log of the number of places: 1 for a flat map, 0 for a single place. Null if every map is empty. */
  entropy: summarySchema.nullable(),
  /**
   * Share of the map that lies on the background of the clean image. Null if every map is empty, and for photographs,
   * where nobody has marked a background.
   */
  background: summarySchema.nullable(),
});
export type GradCamSharpnessRecord = z.infer<typeof gradCamSharpnessSchema>;

/** The code, engine and machine behind a record; differs between machines without making the record another. */
export const provenanceSchema = z.strictObject({
  /** Version of the weightmap command. */
  version: z.string(),
  git: z.strictObject({ sha: z.string(), dirty: z.boolean() }).nullable(),
  engine: z.strictObject({
    name: z.enum(['native', 'wasm', 'cpu']),
    tensorflow: z.string().nullable(),
    tfjs: z.string(),
    threads: count,
  }),
  node: z.string(),
  host: z.string(),
  platform: z.string(),
  finishedAt: z.iso.datetime(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** One finished cell: what `record.json` holds. */
export const runRecordSchema = z.strictObject({
  schemaVersion: z.literal(RECORD_SCHEMA_VERSION),
  /** SHA-256 of the canonical `cell`. */
  cellId: sha256,
  cell: cellConfigSchema,
  variant: z.string(),
  dataset: z.string(),
  trial: z.number().int().positive(),
  seed: z.number().int(),
  epochs: z.number().int().positive(),
  /** The epoch whose weights were measured. */
  selectedEpoch: z.number().int().positive(),
  /** Trainable parameters. */
  parameters: count,
  /** Floating-point operations an image: the paper's convention, and what is really executed. */
  flops: z.strictObject({ paper: finite.nonnegative(), executed: finite.nonnegative() }),
  testErrorPercent: percent,
  history: z.array(epochRecordSchema),
  noise: z.array(noisePointSchema),
  fgsm: z.array(fgsmPointSchema),
  gradCam: z.array(gradCamRecordSchema),
  /** One row a condition. */
  gradCamSharpness: z.array(gradCamSharpnessSchema),
  /** One row a feature layer, from the image to the logits. */
  activationVariance: z.array(activationVarianceSchema),
  /** What the metrics of plugins gave, by their ids; absent without one. */
  metrics: z.record(z.string(), z.union([finite, z.record(z.string(), finite)])).optional(),
  /** Wall-clock seconds of training and evaluation. */
  seconds: z.strictObject({ training: finite.nonnegative(), evaluation: finite.nonnegative() }),
  provenance: provenanceSchema,
});
export type RunRecord = z.infer<typeof runRecordSchema>;
