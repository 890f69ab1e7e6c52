import { layerKinds } from '@weightmap/core';
import { z } from 'zod';

/** Raised when a record of an older version can no longer be read as a newer one. */
export const RECORD_SCHEMA_VERSION = 3;

/** Beyond it, squares and sums would overflow. Single precision ends at 3.4e38. */
const LARGEST = 1e100;
/** More than any network is trained for. */
const MOST_EPOCHS = 100_000;
/** Strengths, layers, metrics: more than any network has. */
const MOST_ROWS = 1000;
/** More than anybody looks at. */
const MOST_PICTURES = 10_000;
/** Characters of a name. */
const LONGEST_NAME = 500;

const finite = z.number().min(-LARGEST).max(LARGEST);
const count = z.number().int().nonnegative();
const name = z.string().max(LONGEST_NAME);
const fewKeys = [
  (value: object) => Object.keys(value).length <= MOST_ROWS,
  `at most ${MOST_ROWS} names`,
] as const;
const epochNumber = z.number().int().positive().max(MOST_EPOCHS);
const percent = finite.min(0).max(100);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hex');

/** How a cell is trained. Part of the cell's identity. */
export const trainingConfigSchema = z.strictObject({
  /** Passes over the training part. */
  epochs: epochNumber,
  /** Images a step. */
  batchSize: z.number().int().positive(),
  /** Adam's step size. */
  learningRate: finite.positive(),
  /** `pad-crop`: pad by 2 with zeros, then crop at random (paper, section 4.1). */
  augmentation: z.enum(['none', 'pad-crop']),
  /**
   * Which epoch's weights are kept: the one with the lowest validation error, the last, or the one with the lowest validation error
   * under PGD.
   */
  selection: z.enum(['best', 'last', 'robust']),
  /** Strength of that PGD, pixel units of [0, 1]; with `robust` alone. */
  selectionEpsilon: finite.positive().optional(),
});
/** What `trainingConfigSchema` lets through. */
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;

/** The measurements on a trained network. Part of the cell's identity. */
export const evaluationConfigSchema = z.strictObject({
  /** Bounds of the uniform noise, pixel units of [0, 1]. */
  betas: z.array(finite.nonnegative()).max(MOST_ROWS),
  /** `min-max`: each image by its own range; `bound`: all by 1/(1+β). */
  noiseRescale: z.enum(['min-max', 'bound']),
  /** Sizes of the FGSM step, pixel units of [0, 1]. */
  epsilons: z.array(finite.nonnegative()).max(MOST_ROWS),
  /** Test images used for the robustness curves, a `balancedSubset`; null for all. */
  robustnessImages: z.number().int().positive().nullable(),
  /** Test images that the activation variances are taken over, a `balancedSubset`; all of them if there are fewer. */
  varianceImages: z.number().int().positive(),
  /** Test images whose Grad-CAM maps are measured, a `balancedSubset`; all of them if there are fewer. */
  sharpnessImages: z.number().int().positive(),
});
/** What `evaluationConfigSchema` lets through. */
export type EvaluationConfig = z.infer<typeof evaluationConfigSchema>;

/** How reports name and draw a variant that they don't know. */
export const variantNamesSchema = z.strictObject({
  /** In tables and sentences: `CNN, smoothing 32`. */
  label: name.min(1),
  /** Where the architecture is named beside it: `smoothing 32`. */
  shortLabel: name.min(1),
  /** What its feature layers are; two kinds alternate through the network. */
  kinds: z.array(z.enum(layerKinds)).min(1).max(MOST_ROWS),
  /** The name of its architecture. */
  architecture: name.min(1),
});

/** A defence with all its options. Part of the cell's identity. */
export const cellDefenseSchema = z.strictObject({
  /** Its id in `@weightmap/defenses`, such as `pgd-training`. */
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'an id in kebab-case'),
  /** Checked, with the defaults filled in: plain JSON. */
  options: z.record(name, z.json()).refine(...fewKeys),
});
/** What `cellDefenseSchema` lets through. */
export type CellDefense = z.infer<typeof cellDefenseSchema>;

/** Everything that decides a cell's result: variant, data, seed, training, evaluation. Its hash is the cell id. */
export const cellConfigSchema = z.strictObject({
  /** Id of the network, such as `cnn-33`; with a defence, `defendedVariant` of it: `cnn-33+pgd-training`. */
  variant: name.min(1),
  /** Id of the family that it belongs to. */
  architecture: name.min(1),
  /** Which data, to the byte. */
  dataset: z.strictObject({
    /** Registry name, such as `mnist`. */
    id: name.min(1),
    /** Its name in a report. */
    label: name.min(1),
    /** SHA-256 over the source bytes. */
    checksum: sha256,
    /** Number of classes: guessing has an error of 100·(1 − 1/classes) percent. */
    classes: z.number().int().min(2),
    /** Images used, after any limit: `balancedSubset` of the part where they aren't all of it. */
    train: count,
    /** Likewise. */
    validation: count,
    /** Likewise. */
    test: count,
    /** Seeds every subset of the parts: those above, and those of the test part that a figure is measured on. */
    subsetSeed: z.number().int(),
  }),
  /** From 1; trials of the same number share their seed across variants. */
  trial: z.number().int().positive(),
  /** What every random stream of the cell is made from. */
  seed: z.number().int(),
  /** How it is trained. */
  training: trainingConfigSchema,
  /** What is measured. */
  evaluation: evaluationConfigSchema,
  /** How it is defended; absent for a plain network. */
  defense: cellDefenseSchema.optional(),
  /** How a plugin's variant, or one with a defence, is named and drawn. Not part of the identity; absent for the variants of the benchmark. */
  names: variantNamesSchema.optional(),
  /** SHA-256 of each plugin that gives the data, the network or a metric of it; absent without one. */
  plugins: z.array(sha256).min(1).max(MOST_ROWS).optional(),
});
/** What `cellConfigSchema` lets through. */
export type CellConfig = z.infer<typeof cellConfigSchema>;

/** One epoch of the training history. */
export const epochRecordSchema = z.strictObject({
  /** From 1. */
  epoch: epochNumber,
  /** Cross-entropy in nats, mean over the training images, each by the weights of its step. */
  trainLoss: finite,
  /** Cross-entropy in nats, mean over the validation images, after the epoch. */
  validationLoss: finite,
  /** Share of the validation images misclassified, 0 … 100. */
  validationErrorPercent: percent,
  /** The same under the attack that the epoch is selected by, on at most 1,000 images; with the selection `robust` alone. */
  validationRobustErrorPercent: percent.optional(),
});
/** What `epochRecordSchema` lets through. */
export type EpochRecord = z.infer<typeof epochRecordSchema>;

/** The error on noisy images, one bound of the noise. */
export const noisePointSchema = z.strictObject({
  /** Bound of the uniform noise, pixel units of [0, 1]. */
  beta: finite.nonnegative(),
  /** Share misclassified, 0 … 100. */
  errorPercent: percent,
});
/** What `noisePointSchema` lets through. */
export type NoisePoint = z.infer<typeof noisePointSchema>;

/** The error on images attacked by FGSM, one size of the step. */
export const fgsmPointSchema = z.strictObject({
  /** Size of the step, pixel units of [0, 1]. */
  epsilon: finite.nonnegative(),
  /** Share misclassified, 0 … 100. */
  errorPercent: percent,
});
/** What `fgsmPointSchema` lets through. */
export type FgsmPoint = z.infer<typeof fgsmPointSchema>;

/** A Grad-CAM picture beside the record. */
export const gradCamRecordSchema = z.strictObject({
  /** Path of the heat map (PNG), relative to the record's folder. */
  heatmap: z.string().regex(/^grad-cam\/[\w.-]+\.png$/, 'grad-cam/<name>.png'),
  /** Path of the input image (PNG), relative to the record's folder. */
  image: z.string().regex(/^grad-cam\/[\w.-]+\.png$/, 'grad-cam/<name>.png'),
  /** Name of the layer whose maps were looked at. */
  layer: name,
  /** Index into the test part. */
  sample: count,
  /** `clean`, `noisy` (uniform noise) or `attacked` (FGSM). */
  condition: z.enum(['clean', 'noisy', 'attacked']),
  /** β or ε of the condition, 0 for clean. */
  strength: finite.nonnegative(),
  /** Name of the true class. */
  label: name,
  /** Name of the class with the largest logit: the one that is explained. */
  predicted: name,
  /** Softmax probability of the prediction. */
  probability: finite.min(0).max(1),
});
/** What `gradCamRecordSchema` lets through. */
export type GradCamRecord = z.infer<typeof gradCamRecordSchema>;

/**
 * How a layer passes variance on. Every variance is that of one activation over the images (divided by n), then
 * averaged over positions and channels.
 */
export const layerVarianceSchema = z.strictObject({
  /** Of the layer's input. */
  input: finite.nonnegative(),
  /** Of the layer's output, after its own activation function. */
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
/** What `layerVarianceSchema` lets through. */
export type LayerVariance = z.infer<typeof layerVarianceSchema>;

/**
 * The share of a layer's variance that a perturbation causes, at its input and output. All three stay the same if a factor is
 * moved from one layer's weights to the next one's, which changes `gain` and `amplification` but not the network.
 */
export const noiseToSignalSchema = z.strictObject({
  /** Var[x̃ − x] / Var[x] of the layer's input, x̃ with the perturbation; null where x doesn't vary. */
  input: finite.nonnegative().nullable(),
  /** The same of the layer's output, after its own activation function. */
  output: finite.nonnegative().nullable(),
  /** `output / input`: below 1 the layer damps the perturbation, above 1 it makes it larger. Null where there is none. */
  transfer: finite.nonnegative().nullable(),
});
/** What `noiseToSignalSchema` lets through. */
export type NoiseToSignal = z.infer<typeof noiseToSignalSchema>;

/** One feature layer's activation variances, on the test images as they are and with uniform noise (paper, section 5). */
export const activationVarianceSchema = z.strictObject({
  /** Name of the layer in the model. */
  layer: name.min(1),
  /** A convolution, or which weight map. */
  kind: z.enum(['conv', 'smoothing', 'unsharp']),
  /** Images that the variances are taken over: a `balancedSubset` of the test part. */
  n: z.number().int().positive(),
  /** Bound of the noise, pixel units of [0, 1]. */
  beta: finite.nonnegative(),
  /** On the images as they are. */
  clean: layerVarianceSchema,
  /** On the same images with uniform noise. */
  noisy: layerVarianceSchema,
  /** By how much the noise changes its activations, in relation to how much they vary without it. */
  noiseToSignal: noiseToSignalSchema,
});
/** What `activationVarianceSchema` lets through. */
export type ActivationVarianceRecord = z.infer<typeof activationVarianceSchema>;

/** A figure that every image has, over the images that have it. */
export const summarySchema = z.strictObject({
  /** In the unit of the figure. */
  mean: finite,
  /** Standard deviation of the images (divided by n − 1); null for one image. */
  sd: finite.nonnegative().nullable(),
  /** Images that have it. */
  n: z.number().int().positive(),
});
/** What `summarySchema` lets through. */
export type Summary = z.infer<typeof summarySchema>;

/** A rectangle of pixels of an image. */
export const imageFrameSchema = z.strictObject({
  /** Its first row, from 0. */
  top: count,
  /** Its first column, from 0. */
  left: count,
  /** Rows. */
  height: z.number().int().positive(),
  /** Columns. */
  width: z.number().int().positive(),
});
/** What `imageFrameSchema` lets through. */
export type ImageFrame = z.infer<typeof imageFrameSchema>;

/** How sharp, sparse and localised the Grad-CAM maps of one condition are; of the classes predicted. */
export const gradCamSharpnessSchema = z.strictObject({
  /** Name of the layer whose maps were looked at. */
  layer: name.min(1),
  /** `clean`, `noisy` (uniform noise) or `attacked` (FGSM). */
  condition: z.enum(['clean', 'noisy', 'attacked']),
  /** β or ε of the condition, 0 for clean. */
  strength: finite.nonnegative(),
  /** Maps made, one for each image of a `balancedSubset` of the test part. */
  n: z.number().int().positive(),
  /**
   * The pixels that the maps of all variants of the architecture cover: the figures below are those of the maps' places
   * in it. Figures of different frames can't be compared.
   */
  frame: imageFrameSchema,
  /** Maps that are 0 everywhere in the frame, of which nothing below can be said: they are left out of the summaries. */
  empty: count,
  /**
   * Hoyer's sparsity: 0 for a flat map, 1 for one that has a single place. Null if every map is empty, or there is one
   * place in the frame.
   */
  hoyer: summarySchema.nullable(),
  /** Entropy over the log of the number of places: 1 for a flat map, 0 for a single place. Null as `hoyer`. */
  entropy: summarySchema.nullable(),
  /**
   * Share of the map that lies on the background of the clean image. Null if every map is empty, and for photographs,
   * where nobody has marked a background.
   */
  background: summarySchema.nullable(),
});
/** What `gradCamSharpnessSchema` lets through. */
export type GradCamSharpnessRecord = z.infer<typeof gradCamSharpnessSchema>;

/** The code, engine and machine behind a record; differs between machines without making the record another. */
export const provenanceSchema = z.strictObject({
  /** Version of the weightmap command. */
  version: name,
  /** The commit of the code, and whether it was changed since; null outside of a checkout. */
  git: z
    .strictObject({
      /** The commit, 40 hex digits. */
      sha: name,
      /** Whether files differed from it. */
      dirty: z.boolean(),
    })
    .nullable(),
  /** Which engine computed it. */
  engine: z.strictObject({
    /** As `ENGINE_NAMES` of `@weightmap/engine`. */
    name: z.enum(['native', 'wasm', 'cpu']),
    /** Version of libtensorflow; null for the other engines. */
    tensorflow: name.nullable(),
    /** Version of TensorFlow.js. */
    tfjs: name,
    /** Threads that one operation might use: another number, other last digits. */
    threads: count,
  }),
  /** Version of Node. */
  node: name,
  /** Name of the machine. */
  host: name,
  /** Operating system and processor. */
  platform: name,
  /** ISO 8601, UTC. */
  finishedAt: z.iso.datetime(),
});
/** What `provenanceSchema` lets through. */
export type Provenance = z.infer<typeof provenanceSchema>;

/** A figure of a cell that could not be measured. */
export const missingFigureSchema = z.strictObject({
  /** Its key in the record, or the metric's id. */
  figure: z.string().min(1).max(200),
  /** Why it is missing, for people. */
  reason: z.string().min(1).max(1000),
});
/** What `missingFigureSchema` lets through. */
export type MissingFigure = z.infer<typeof missingFigureSchema>;

/** One finished cell: what `record.json` holds. */
export const runRecordSchema = z.strictObject({
  /** Other versions are refused. */
  schemaVersion: z.literal(RECORD_SCHEMA_VERSION),
  /** SHA-256 of the canonical `cell`. */
  cellId: sha256,
  /** What decided the result. */
  cell: cellConfigSchema,
  /** As in `cell`. */
  variant: name,
  /** Id, as in `cell`. */
  dataset: name,
  /** As in `cell`. */
  trial: z.number().int().positive(),
  /** As in `cell`. */
  seed: z.number().int(),
  /** Epochs trained. */
  epochs: epochNumber,
  /** The epoch whose weights were measured. */
  selectedEpoch: epochNumber,
  /** Trainable parameters. */
  parameters: count,
  /** Floating-point operations an image: the paper's convention, and those that are executed. Absent only if `missing` says why. */
  flops: z
    .strictObject({
      /** k×k sums and their biases alone, as table 4 counts. */
      paper: finite.nonnegative(),
      /** All that runs at inference. */
      executed: finite.nonnegative(),
    })
    .optional(),
  /** Share of the test images misclassified, 0 … 100. */
  testErrorPercent: percent,
  /** One row an epoch, from the first. */
  history: z.array(epochRecordSchema).max(MOST_EPOCHS),
  /** One row a β, in the order asked for. */
  noise: z.array(noisePointSchema).max(MOST_ROWS),
  /** One row an ε, in the order asked for. */
  fgsm: z.array(fgsmPointSchema).max(MOST_ROWS),
  /** One row a picture. */
  gradCam: z.array(gradCamRecordSchema).max(MOST_PICTURES),
  /** One row a condition. */
  gradCamSharpness: z.array(gradCamSharpnessSchema).max(MOST_ROWS),
  /** One row a feature layer, from the image to the logits. */
  activationVariance: z.array(activationVarianceSchema).max(MOST_ROWS),
  /** Results of the metrics that have no field of their own here, those of plugins for example, by their ids; absent without one. */
  metrics: z
    .record(name, z.union([finite, z.record(name, finite).refine(...fewKeys)]))
    .refine(...fewKeys)
    .optional(),
  /** Name and unit of each of these metrics, for reports. */
  metricNames: z
    .record(
      name,
      z.strictObject({
        /** Name of the metric in a report. */
        label: name,
        /** Unit of its figures; empty for none. */
        unit: name,
      }),
    )
    .optional(),
  /** Figures that could not be measured, although all else was; absent without one. */
  missing: z.array(missingFigureSchema).min(1).optional(),
  /** Wall-clock seconds of training and evaluation. */
  seconds: z.strictObject({
    /** Of all epochs, those before an interruption included. */
    training: finite.nonnegative(),
    /** Of everything measured afterwards. */
    evaluation: finite.nonnegative(),
  }),
  /** Not part of the cell’s identity. */
  provenance: provenanceSchema,
});
/** What `runRecordSchema` lets through: a finished cell. */
export type RunRecord = z.infer<typeof runRecordSchema>;

/** The file of a record: the record, and a digest by which a changed bit is noticed. */
export const recordFileSchema = runRecordSchema.extend({
  /** `contentDigest` of all the rest; absent from the records of earlier versions. */
  sha256: sha256.optional(),
});
