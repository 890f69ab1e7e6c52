/**
 * Published values of tables 4–7: M. Amer, T. Maul, “Weight Map Layer for Noise and Adversarial
 * Attack Robustness”, arXiv:1905.00568v2. Test errors are means ± standard deviations of three trials.
 */
export const paperCitation = {
  title: 'Weight Map Layer for Noise and Adversarial Attack Robustness',
  authors: 'Amer & Maul',
  year: 2019,
  url: 'https://arxiv.org/abs/1905.00568v2',
} as const;

/** Id of a dataset of the paper. */
export type PaperDataset = 'mnist' | 'cifar10' | 'iwildcam';

/** One row of a table of the paper. */
export interface PaperRow {
  /** Number of the table. */
  readonly table: 4 | 5 | 6 | 7;
  /** Id of the dataset. */
  readonly dataset: PaperDataset;
  /** Id of the variant. */
  readonly variant: string;
  /** Mean over three trials, in percent. */
  readonly testErrorPercent: number;
  /** Standard deviation over three trials, in percent. */
  readonly plusMinus: number;
  /** As printed, such as `261K`; null where the table has no such column. */
  readonly params: string | null;
  /** Billions of floating-point operations an image, as printed. */
  readonly gflops: number | null;
}

const perDataset = (
  mnist: number,
  cifar10: number,
  iwildcam: number,
): Readonly<Record<PaperDataset, number>> => ({
  mnist,
  cifar10,
  iwildcam,
});

/** How the paper ran its experiments (section 4). */
export const paperProtocol = {
  /** Passes over the training part. */
  epochs: 300,
  /** Networks of each row. */
  trials: 3,
  /** Images of each dataset in training, after the split. */
  trainImages: perDataset(54_000, 45_000, 7_000),
  /** Images of each dataset that errors are measured on. */
  testImages: perDataset(10_000, 10_000, 1_000),
} as const;

/** The name of each dataset. */
export const paperDatasetLabels: Readonly<Record<PaperDataset, string>> = {
  mnist: 'MNIST',
  cifar10: 'CIFAR-10',
  iwildcam: 'iWildCam 2019',
};

const row = (
  table: PaperRow['table'],
  dataset: PaperDataset,
  variant: string,
  testErrorPercent: number,
  plusMinus: number,
  params: string | null = null,
  gflops: number | null = null,
): PaperRow => ({ table, dataset, variant, testErrorPercent, plusMinus, params, gflops });

/** All 31 rows, in the paper's order. */
export const paperRows: readonly PaperRow[] = [
  // Table 4: CNN on MNIST.
  row(4, 'mnist', 'cnn-wide', 1, 0.09, '1.19M', 1.07),
  row(4, 'mnist', 'cnn-33', 0.85, 0.11, '261K', 0.014),
  row(4, 'mnist', 'cnn-33-batchnorm', 0.73, 0.1, '261K', 0.014),
  row(4, 'mnist', 'cnn-33-k9', 0.7, 0.09, '361K', 0.125),
  row(4, 'mnist', 'cnn-33-input-scale', 0.86, 0.01, '261K', 0.014),
  row(4, 'mnist', 'cnn-smooth-32', 0.79, 0.03, '1.16M', 0.013),
  row(4, 'mnist', 'cnn-smooth-32-batchnorm', 0.7, 0.07, '1.16M', 0.013),
  row(4, 'mnist', 'cnn-smooth-32-k9', 0.88, 0.04, '1.16M', 0.119),
  row(4, 'mnist', 'cnn-unsharp-32', 0.73, 0.03, '1.49M', 0.02),
  // Table 5: ResNet and DenseNet on MNIST.
  row(5, 'mnist', 'resnet-conv', 0.5, 0.05),
  row(5, 'mnist', 'resnet-smoothing', 0.8, 0.09),
  row(5, 'mnist', 'resnet-unsharp', 0.91, 0.14),
  row(5, 'mnist', 'resnet-alternating-smoothing', 0.65, 0.08),
  row(5, 'mnist', 'resnet-alternating-unsharp', 0.71, 0.1),
  row(5, 'mnist', 'densenet-conv', 0.52, 0.09),
  row(5, 'mnist', 'densenet-smoothing', 0.67, 0.05),
  row(5, 'mnist', 'densenet-unsharp', 0.6, 0.04),
  row(5, 'mnist', 'densenet-alternating-smoothing', 0.55, 0.07),
  row(5, 'mnist', 'densenet-alternating-unsharp', 0.54, 0.04),
  // Table 6: CIFAR-10.
  row(6, 'cifar10', 'resnet-conv', 32.14, 2.2),
  row(6, 'cifar10', 'resnet-alternating-smoothing', 39.31, 0.7),
  row(6, 'cifar10', 'resnet-alternating-unsharp', 38.49, 0.9),
  row(6, 'cifar10', 'densenet-conv', 23.18, 0.7),
  row(6, 'cifar10', 'densenet-alternating-smoothing', 29.04, 0.4),
  row(6, 'cifar10', 'densenet-alternating-unsharp', 30.15, 0.8),
  // Table 7: iWildCam 2019.
  row(7, 'iwildcam', 'resnet-conv', 23.3, 1),
  row(7, 'iwildcam', 'resnet-alternating-smoothing', 20.43, 0.8),
  row(7, 'iwildcam', 'resnet-alternating-unsharp', 20.4, 0.4),
  row(7, 'iwildcam', 'densenet-conv', 22.53, 0.8),
  row(7, 'iwildcam', 'densenet-alternating-smoothing', 22.47, 0.7),
  row(7, 'iwildcam', 'densenet-alternating-unsharp', 20.7, 1),
];

/** The row of that variant on that dataset. */
export const paperRow = (dataset: string, variant: string): PaperRow | undefined =>
  paperRows.find((candidate) => candidate.dataset === dataset && candidate.variant === variant);
