import type { RunRecord } from '@weightmap/records';
import { makeRecord, type MadeRecord } from './make-record.js';

/** The paper's tables, as `@weightmap/report` has them. */
export interface Paper {
  readonly paperRows: readonly PaperRow[];
  readonly paperDatasetLabels: Readonly<Record<PaperRow['dataset'], string>>;
  readonly paperProtocol: {
    readonly trainImages: Readonly<Record<PaperRow['dataset'], number>>;
    readonly testImages: Readonly<Record<PaperRow['dataset'], number>>;
  };
}

interface PaperRow {
  readonly dataset: 'mnist' | 'cifar10' | 'iwildcam';
  readonly variant: string;
  readonly testErrorPercent: number;
  readonly plusMinus: number;
}

const betas = [0, 0.2, 0.4, 0.6, 0.8, 1];
const frame = { top: 3, left: 3, height: 22, width: 22 };
const epsilons = [0, 8 / 255, 0.1, 0.2, 0.3];

/**
 * The n values that have a mean of exactly 0 and a sample deviation of exactly 1: evenly spaced. They don't differ from world
 * to world, so that no test depends on luck.
 */
function spreadOf(trials: number): number[] {
  const steps = Array.from({ length: trials }, (_, i) => i - (trials - 1) / 2);
  const deviation = Math.sqrt(steps.reduce((sum, step) => sum + step ** 2, 0) / (trials - 1));
  return steps.map((step) => (trials === 1 ? 0 : step / deviation));
}

/** Standard deviation between trials of the curves, in points, and of the indices of Grad-CAM. */
const CURVE_DEVIATION = 2;
const INDEX_DEVIATION = 0.04;

/** How many points a row's curve of uniform noise lies above its baseline's, at low and at high β, as the paper has it. */
function aboveBaseline({ dataset, variant }: PaperRow): readonly [low: number, high: number] {
  if (!isWeightMap(variant)) return [0, 0];
  if (dataset === 'mnist') return variant === 'resnet-smoothing' ? [6, 6] : [-6, -6];
  if (dataset === 'cifar10') return variant === 'resnet-alternating-smoothing' ? [6, 6] : [6, -6];
  return variant.startsWith('resnet') ? [6, 6] : [-6, -6];
}

/** The same for FGSM, over all ε. */
function aboveUnderAttack({ dataset, variant }: PaperRow): number {
  if (!isWeightMap(variant)) return 0;
  const isDense = variant.startsWith('densenet');
  if (dataset === 'cifar10') return isDense ? -6 : 6;
  if (dataset === 'iwildcam') return isDense ? 6 : 0;
  if (variant.startsWith('resnet')) return 3;
  if (isDense) return variant === 'densenet-alternating-unsharp' ? 0 : -6;
  return variant === 'cnn-unsharp-32' ? -6 : 0;
}

export const isWeightMap = (variant: string): boolean => /smooth|unsharp/.test(variant);

const kindOf = (variant: string) =>
  variant.includes('unsharp') ? 'unsharp' : variant.includes('smooth') ? 'smoothing' : 'conv';

/**
 * A record of a world in which everything is as the paper says: every claim is true. Its test error has the printed deviation.
 *
 * @param shake where the trial lies, in standard deviations.
 */
function paperLikeRecord(
  { paperRows, paperDatasetLabels, paperProtocol }: Paper,
  row: PaperRow,
  trial: number,
  shake: number,
  overrides: MadeRecord = {},
): RunRecord {
  const index = paperRows.indexOf(row);
  const kind = kindOf(row.variant);
  const [low, high] = aboveBaseline(row);
  const isPhotograph = row.dataset !== 'mnist';
  // Rows that gain more in robustness amplify more, as equation 5's hypothesis has it.
  const amplification = 2 - (low + high) / 12 + 0.1 * (index % 4);
  const gain = 1.5 - (low + high) / 30 + 0.05 * (index % 4);
  const rank = { conv: 0, smoothing: 1, unsharp: 2 }[kind];
  const figure = (mean: number) => ({ mean: mean + INDEX_DEVIATION * shake, sd: 0.05, n: 1000 });
  const variances = (scale: number) => ({
    input: 0.1,
    output: 0.1 * gain * scale,
    gain: gain * scale,
    amplification:
      kind === 'conv'
        ? null
        : { measured: amplification * scale * (1 + 1e-6 * shake), predicted: amplification * scale },
  });
  return makeRecord({
    variant: row.variant,
    trial,
    testErrorPercent: row.testErrorPercent + row.plusMinus * shake,
    data: {
      id: row.dataset,
      label: paperDatasetLabels[row.dataset],
      train: paperProtocol.trainImages[row.dataset],
      test: paperProtocol.testImages[row.dataset],
    },
    evaluation: { betas, epsilons },
    noise: betas.map((beta) => ({
      beta,
      errorPercent:
        beta === 0
          ? row.testErrorPercent
          : 15 +
            55 * beta ** 2 +
            (beta <= 0.4 ? low : high) -
            amplificationNudge(index) +
            CURVE_DEVIATION * shake,
    })),
    fgsm: epsilons.map((epsilon) => ({
      epsilon,
      errorPercent:
        epsilon === 0
          ? row.testErrorPercent
          : (isPhotograph ? 70 : 20) + 60 * epsilon + aboveUnderAttack(row) + CURVE_DEVIATION * shake,
    })),
    gradCamSharpness: [
      {
        layer: 'features',
        condition: 'clean',
        strength: 0,
        n: 1000,
        empty: 0,
        frame,
        hoyer: figure(0.3 + 0.1 * rank),
        entropy: figure(0.9 - 0.1 * rank),
        background: isPhotograph ? null : figure(0.4 - 0.1 * rank),
      },
      {
        layer: 'features',
        condition: 'noisy',
        strength: 0.6,
        n: 1000,
        empty: 0,
        frame,
        hoyer: figure(0.25 + 0.08 * rank),
        entropy: figure(0.92 - 0.08 * rank),
        background: isPhotograph ? null : figure(0.5 - 0.08 * rank),
      },
    ],
    activationVariance: ['features1', 'features2', 'features3'].map((layer, i) => ({
      layer,
      kind,
      n: 1000,
      beta: 0.6,
      clean: variances(1 + 0.1 * i),
      noisy: variances(0.8 + 0.1 * i),
      noiseToSignal: { input: 0.5, output: 0.4, transfer: 0.8 },
    })),
    ...overrides,
  });

  function amplificationNudge(i: number): number {
    return kind === 'conv' ? 0 : 0.4 * (i % 4);
  }
}

/** All 31 rows of the paper, in that world: the trials have exactly the paper's means and deviations. */
export function paperLikeGrid(paper: Paper, trials: number): RunRecord[] {
  const shakes = spreadOf(trials);
  return shakes.flatMap((shake, i) =>
    paper.paperRows.map((row) => paperLikeRecord(paper, row, i + 1, shake)),
  );
}
