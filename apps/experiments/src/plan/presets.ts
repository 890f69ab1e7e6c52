import { WeightmapError } from '@weightmap/core';
import { defenses } from '@weightmap/defenses';
import type { EvaluationConfig, TrainingConfig } from '@weightmap/records';
import { unknownName } from '../terminal/nearest.js';

/** How long and how often a variant is trained. */
export interface Budget {
  readonly epochs: number;
  readonly trials: number;
}

/** A named choice of variants, training and measurements. */
export interface Preset {
  readonly description: string;
  /** Variants: ids or globs; those that begin with `!` are left out. */
  readonly select: readonly string[];
  /** Ids of the datasets to run on. Default: all that the paper reports the variants on. */
  readonly datasets?: readonly string[];
  /** Defences that each variant is trained with, as `--defense` takes them. Default: none, plain networks alone. */
  readonly defenses?: readonly string[];
  readonly trials: number;
  /** Other budgets than `trials` and `training.epochs` for some variants, on these datasets or on all. The first that applies counts. */
  readonly budgets?: readonly (Budget & {
    readonly select: readonly string[];
    readonly datasets?: readonly string[];
  })[];
  /** The most images of each part: a class-balanced subset, drawn by the run's seed; null for all images. */
  readonly limits: {
    readonly train: number | null;
    readonly validation: number | null;
    readonly test: number | null;
    /** Photos drawn from each class, for datasets that draw them; null for the dataset's default. */
    readonly imagesPerClass: number | null;
  };
  /** Augmentation depends on the dataset: see `augmentationOf`. */
  readonly training: Omit<TrainingConfig, 'augmentation'>;
  readonly evaluation: EvaluationConfig;
  /** Test images with Grad-CAM pictures: the first of each of this many classes. */
  readonly gradCamSamples: number;
  /** Whether the procedural digits may replace MNIST. */
  readonly substitute: boolean;
}

/** Adam at 1e-3 with batches of 64: our choice, the paper doesn't say. */
const training: Preset['training'] = {
  epochs: 300,
  batchSize: 64,
  learningRate: 1e-3,
  selection: 'last',
};

/** Random crops for MNIST alone (paper, sections 4.1 to 4.3), and for its substitute. */
export const augmentationOf = (dataset: string): TrainingConfig['augmentation'] =>
  ['mnist', 'digits'].includes(dataset) ? 'pad-crop' : 'none';

/** The strengths of figures 2–4 (their axes; the paper lists no values). */
export const standardEvaluation: EvaluationConfig = {
  betas: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  noiseRescale: 'min-max',
  epsilons: [0, 2 / 255, 4 / 255, 8 / 255, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
  robustnessImages: null,
  varianceImages: 1000,
  sharpnessImages: 1000,
};

/** Inner attacks of 7 steps in place of 40, which cost a sixth of the time. */
const CHEAPER: Readonly<Record<string, string>> = {
  'pgd-training': ':steps=7:relativeStep=0.25',
  trades: ':steps=7:relativeStep=0.25',
};

/** The plain network first, which all are compared with. @param more further options, by the defence. */
const everyDefense = (more: Readonly<Record<string, string>> = {}) => [
  'none',
  ...Object.keys(defenses).map((id) => `${id}${more[id] ?? ''}${CHEAPER[id] ?? ''}`),
];

/**
 * A few hundred steps don't begin to learn at an ε of 0.25 or 0.3: the loss stays that of a guess. At 0.1 they do; cnn-33 with robust
 * optimisation only if ε grows to it (else 90 % errors after 3 epochs). With gradient adversarial training its loss runs away
 * at the default λ of 0.1 (90 % errors), and not at 0.03 (9 %).
 */
const WEAKER = {
  ...Object.fromEntries(
    [
      ...['fgsm-training', 'pgd-training', 'fgsm-rs', 'trades', 'ensemble-training'],
      ...['null-labelling', 'fortified-network'],
    ].map((id) => [id, ':epsilon=0.1']),
  ),
  'robust-optimisation': ':epsilon=0.1:warmUpEpochs=1',
  'gradient-adversarial': ':lambda=0.03',
};

/** Minutes for each network: the budget of the quick presets. */
const onASubset = {
  limits: { train: 5000, validation: 1000, test: 1000, imagesPerClass: null },
  training: { ...training, epochs: 3 },
  evaluation: {
    ...standardEvaluation,
    betas: [0, 0.2, 0.4, 0.6, 0.8, 1],
    epsilons: [0, 8 / 255, 0.05, 0.1, 0.15, 0.2, 0.3],
    robustnessImages: 500,
    varianceImages: 200,
    sharpnessImages: 200,
  },
} satisfies Partial<Preset>;

const everything = { train: null, validation: null, test: null, imagesPerClass: null };

/**
 * The presets by name. Their hours were estimated by `--dry-run` on a machine with 2 cores and AVX-512: in one process 33 hours
 * for `reproduction`, 112 for `standard` (without iWildCam; 2 more with it), and ten times as many for `paper`.
 */
export const presets = {
  quick: {
    description: 'three CNNs on a subset: a first look in minutes',
    select: ['cnn-33', 'cnn-smooth-32', 'cnn-unsharp-32'],
    trials: 1,
    ...onASubset,
    gradCamSamples: 4,
    substitute: true,
  },
  smoke: {
    description:
      'every variant for a few steps, to check that everything works here; the results mean nothing',
    select: ['*'],
    trials: 1,
    limits: { train: 128, validation: 64, test: 64, imagesPerClass: 12 },
    training: { ...training, epochs: 1 },
    evaluation: {
      ...standardEvaluation,
      betas: [0, 0.5],
      epsilons: [0, 0.1],
      robustnessImages: 64,
      varianceImages: 16,
      sharpnessImages: 16,
    },
    gradCamSamples: 1,
    substitute: true,
  },
  standard: {
    description:
      'every variant, three trials of 30 epochs: about 56 hours on 2 cores with AVX-512, half of them for cnn-wide',
    select: ['*'],
    trials: 3,
    limits: everything,
    training: { ...training, epochs: 30, selection: 'best' },
    evaluation: standardEvaluation,
    gradCamSamples: 6,
    substitute: false,
  },
  reproduction: {
    description:
      "the paper's variants on MNIST (without cnn-wide) and CIFAR-10, with trials and epochs chosen for each: about 17 hours on 2 cores with AVX-512",
    select: ['*', '!cnn-wide'],
    datasets: ['mnist', 'cifar10'],
    trials: 3,
    // Claims compare networks of one architecture, which are trained equally long. A 9×9 convolution takes six times as
    // long as the others and gets fewer trials. cnn-wide takes as long as all others together: it runs only with --select,
    // too shortly to be evidence.
    budgets: [
      { select: ['cnn-wide'], trials: 1, epochs: 3 },
      { select: ['cnn-33-k9'], trials: 3, epochs: 20 },
      { select: ['cnn-*'], trials: 5, epochs: 20 },
    ],
    limits: everything,
    training: { ...training, epochs: 10, selection: 'best' },
    evaluation: standardEvaluation,
    gradCamSamples: 6,
    substitute: false,
  },
  'defenses-quick': {
    description:
      'two CNNs, plain and with each defence, on a subset: half an hour on 2 cores with AVX-512, to see what the defences change',
    select: ['cnn-33', 'cnn-smooth-32'],
    datasets: ['mnist'],
    defenses: everyDefense(WEAKER),
    trials: 1,
    ...onASubset,
    gradCamSamples: 1,
    substitute: true,
  },
  defenses: {
    description:
      'two CNNs, plain and with each defence, 10 epochs on all images of MNIST: 10 hours on 2 cores with AVX-512',
    select: ['cnn-33', 'cnn-smooth-32'],
    datasets: ['mnist'],
    defenses: everyDefense(),
    trials: 1,
    limits: everything,
    training: { ...training, epochs: 10 },
    evaluation: standardEvaluation,
    gradCamSamples: 4,
    substitute: false,
  },
  paper: {
    description:
      'everything as in the paper: every variant, three trials of 300 epochs, about 23 days on 2 cores with AVX-512',
    select: ['*'],
    trials: 3,
    limits: everything,
    training,
    evaluation: standardEvaluation,
    gradCamSamples: 6,
    substitute: false,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** Strength of the PGD that epochs are selected by, unless another is given. */
const SELECTION_EPSILON = 0.1;

/** What the command line may change in a preset. */
export type PresetChanges = Partial<
  Pick<TrainingConfig, 'epochs' | 'learningRate' | 'selection' | 'selectionEpsilon'> &
    Pick<EvaluationConfig, 'noiseRescale'> &
    Pick<Budget, 'trials'>
>;

/**
 * A preset with changes. Epochs and trials apply to every variant.
 *
 * @throws WeightmapError if there is no such preset, with the nearest name; or if there is a strength for the selection of the epoch, and
 *   the selection uses none.
 */
export function adjustPreset(
  name: string,
  { epochs, learningRate, trials, selection, selectionEpsilon, noiseRescale }: PresetChanges,
): Preset {
  if (!Object.hasOwn(presets, name)) throw unknownName('preset', name, Object.keys(presets));
  const preset: Preset = presets[name as PresetName];
  const training = {
    ...preset.training,
    ...(epochs && { epochs }),
    ...(learningRate && { learningRate }),
    ...(selection && { selection }),
    ...(selection === 'robust' && { selectionEpsilon: selectionEpsilon ?? SELECTION_EPSILON }),
  };
  if (selectionEpsilon !== undefined && training.selection !== 'robust')
    throw new WeightmapError(`The selection ${training.selection} of the epoch uses no attack.`, {
      where: `--selection-epsilon ${selectionEpsilon}`,
      expected: 'the strength of an attack with --selection robust alone',
      fix: 'add --selection robust, or leave --selection-epsilon out',
    });
  const evaluation = { ...preset.evaluation, ...(noiseRescale && { noiseRescale }) };
  const budgets = preset.budgets?.map((budget) => ({
    ...budget,
    epochs: epochs ?? budget.epochs,
    trials: trials ?? budget.trials,
  }));
  return { ...preset, training, evaluation, trials: trials ?? preset.trials, ...(budgets && { budgets }) };
}
