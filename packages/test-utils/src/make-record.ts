import { cellId, RECORD_SCHEMA_VERSION, type CellConfig, type RunRecord } from '@weightmap/records';

export interface MadeRecord extends Partial<Omit<RunRecord, 'cell' | 'cellId'>> {
  variant?: string;
  architecture?: string;
  trial?: number;
  /** As for the variant of a plugin. */
  names?: CellConfig['names'];
  /** As for a defended network; its variant is `defendedVariant`. */
  defense?: CellConfig['defense'];
  /** Taken over into the cell's dataset. */
  data?: Partial<CellConfig['dataset']>;
  training?: Partial<CellConfig['training']>;
  evaluation?: Partial<CellConfig['evaluation']>;
}

/** A valid record of the paper's protocol on MNIST, but for what is overridden. */
export function makeRecord({
  data,
  training,
  evaluation,
  names,
  defense,
  ...overrides
}: MadeRecord = {}): RunRecord {
  const variant = overrides.variant ?? 'cnn-33';
  const trial = overrides.trial ?? 1;
  const seed = overrides.seed ?? trial;
  const cell: CellConfig = {
    variant,
    architecture: overrides.architecture ?? variant.split('-')[0],
    dataset: {
      id: 'mnist',
      label: 'MNIST',
      checksum: 'a'.repeat(64),
      classes: 10,
      train: 54_000,
      validation: 6_000,
      test: 10_000,
      subsetSeed: 1,
      ...data,
    },
    trial,
    seed,
    training: {
      epochs: 300,
      batchSize: 64,
      learningRate: 0.001,
      augmentation: 'pad-crop',
      selection: 'best',
      ...training,
    },
    evaluation: {
      betas: [0, 0.5, 1],
      noiseRescale: 'min-max',
      epsilons: [0, 8 / 255, 0.3],
      robustnessImages: null,
      varianceImages: 1000,
      sharpnessImages: 1000,
      ...evaluation,
    },
    ...(defense && { defense }),
    ...(names && { names }),
  };
  const { architecture: _inCell, ...rest } = overrides;
  const { epochs } = cell.training;
  const sharpened = Math.min(cell.evaluation.sharpnessImages, cell.dataset.test);
  return {
    schemaVersion: RECORD_SCHEMA_VERSION,
    cellId: cellId(cell),
    cell,
    dataset: cell.dataset.id,
    epochs: cell.training.epochs,
    selectedEpoch: cell.training.selection === 'last' ? epochs : Math.min(2, epochs),
    parameters: 261_070,
    flops: { paper: 13_990_000, executed: 14_100_000 },
    testErrorPercent: 0.85,
    history: madeHistory(epochs),
    noise: cell.evaluation.betas.map((beta, i) => ({ beta, errorPercent: [0.85, 4, 30][i] ?? 40 })),
    fgsm: cell.evaluation.epsilons.map((epsilon, i) => ({ epsilon, errorPercent: [0.85, 10, 80][i] ?? 85 })),
    gradCam: [],
    gradCamSharpness: [
      {
        layer: 'conv3',
        condition: 'clean',
        strength: 0,
        n: sharpened,
        empty: 2,
        frame: { top: 3, left: 3, height: 22, width: 22 },
        hoyer: { mean: 0.4, sd: 0.1, n: sharpened - 2 },
        entropy: { mean: 0.8, sd: 0.05, n: sharpened - 2 },
        background: { mean: 0.3, sd: 0.1, n: sharpened - 2 },
      },
    ],
    activationVariance: [
      {
        layer: 'conv1',
        kind: 'conv',
        n: Math.min(cell.evaluation.varianceImages, cell.dataset.test),
        beta: 0.6,
        clean: { input: 0.05, output: 0.1, gain: 2, amplification: null },
        noisy: { input: 0.08, output: 0.12, gain: 1.5, amplification: null },
        noiseToSignal: { input: 0.5, output: 0.4, transfer: 0.8 },
      },
    ],
    seconds: { training: 100, evaluation: 20 },
    provenance: {
      version: '0.1.0',
      git: { sha: '0123456789abcdef0123456789abcdef01234567', dirty: false },
      engine: { name: 'native', tensorflow: '2.9.1', tfjs: '4.22.0', threads: 2 },
      node: 'v20.20.2',
      host: 'bench-1',
      platform: 'linux x64',
      finishedAt: '2026-11-20T12:00:00Z',
    },
    ...rest,
    variant,
    trial,
    seed,
  };
}

/** The second epoch is the best. */
export const madeHistory = (epochs: number): RunRecord['history'] =>
  Array.from({ length: epochs }, (_, i) => ({
    epoch: i + 1,
    ...(i === 0
      ? { trainLoss: 0.4, validationLoss: 0.2, validationErrorPercent: 5 }
      : { trainLoss: 0.2, validationLoss: 0.1, validationErrorPercent: 2 }),
  }));
