import stored from './cards.json' with { type: 'json' };

/** An error at one strength of a corruption or an attack. */
export interface ErrorAt {
  /** β of uniform noise, or ε of an attack in units of pixels from 0 to 1. */
  readonly strength: number;
  /** Share of the images that the network gets wrong, 0 … 100. */
  readonly errorPercent: number;
}

/** An attack that was tried on the network. */
export interface AttackTried {
  /** The attack's name in `@weightmap/attacks`. */
  readonly id: string;
  /** The norm in which ε is measured. */
  readonly norm: 'linf' | 'l2';
  /** The error at each ε; a wrong answer on the clean image counts as an error. */
  readonly points: readonly ErrorAt[];
}

/**
 * What is known of a trained network. All errors but `float16` are those of the benchmark's record, measured with the float32
 * weights.
 */
export interface Card {
  /** Its variant: a row of the paper's tables. */
  readonly id: string;
  /** Its name in tables. */
  readonly label: string;
  /** What it was trained on. */
  readonly dataset: {
    /** The dataset's id in `@weightmap/datasets`. */
    readonly id: string;
    /** Its name in tables. */
    readonly label: string;
    /** Number of images it was trained on. */
    readonly train: number;
    /** Number of images by which the epoch was selected. */
    readonly validation: number;
    /** Number of test images. */
    readonly test: number;
    /** SHA-256 of the images and labels. */
    readonly checksum: string;
  };
  /** [height, width, channels] of an image, values from 0 to 1. */
  readonly imageShape: readonly [height: number, width: number, channels: number];
  /** The name of each class, in the order of the logits. */
  readonly classes: readonly string[];
  /** Number of trainable weights. */
  readonly parameters: number;
  /** How it was trained. */
  readonly training: {
    /** Number of passes over the training images. */
    readonly epochs: number;
    /** The epoch whose weights these are. */
    readonly selectedEpoch: number;
    /** Images a step. */
    readonly batchSize: number;
    /** Adam's learning rate. */
    readonly learningRate: number;
    /** How images are changed while training: `none` or `pad-crop`. */
    readonly augmentation: string;
    /** The seed of weights, order and augmentation. */
    readonly seed: number;
  };
  /** Error on the clean test images, 0 … 100. */
  readonly testErrorPercent: number;
  /** Error on all test images under uniform noise. */
  readonly uniformNoise: readonly ErrorAt[];
  /** Error on all test images under FGSM, a single step: an optimistic figure. */
  readonly fgsm: readonly ErrorAt[];
  /** Attacks on fewer images; null if none has been tried beside FGSM. */
  readonly attacks: {
    /** Number of images that were attacked. */
    readonly images: number;
    /** Each attack by itself. */
    readonly tried: readonly AttackTried[];
    /** An image counts as wrong if any of these attacks succeeds. */
    readonly worst: readonly (ErrorAt & {
      /** The norm in which ε is measured. */
      readonly norm: 'linf' | 'l2';
    })[];
  } | null;
  /** What rounding the weights to 16 bits has changed. */
  readonly float16: {
    /** Error of these weights on the clean test images, 0 … 100. */
    readonly testErrorPercent: number;
    /** Number of test images whose class differs from that by the float32 weights. */
    readonly changedAnswers: number;
  };
  /** The logits of one made image, pixel (y, x) = ((7y + 3x) mod 11) / 10: a check of an engine. */
  readonly probeLogits: readonly number[];
  /** The record with all that was measured. */
  readonly record: {
    /** SHA-256 of the cell's configuration. */
    readonly cellId: string;
    /** Number of the trial, from 1. */
    readonly trial: number;
    /** The commit that trained it. */
    readonly commit: string;
  };
  /** Its files, below the folder of that id. */
  readonly files: Readonly<
    Record<
      'model.json' | 'weights.bin',
      {
        /** Length of the file. */
        readonly bytes: number;
        /** SHA-256 of the file. */
        readonly sha256: string;
      }
    >
  >;
}

/** The name of a trained network. */
export type PretrainedId = keyof typeof stored;

/**
 * The card of each trained network, by its id: data, training, errors on clean, noisy and attacked images, checksums.
 *
 * Source: the first trials of `weightmap run reproduction`, whose records lie in the repository under `results/`.
 */
export const pretrained = stored as unknown as Readonly<Record<PretrainedId, Card>>;
