import type { VariantNames } from '@weightmap/core';
import type { CnnOptions } from './cnn.js';
import type { DensenetOptions } from './densenet.js';
import type { ResnetOptions } from './resnet.js';

/** The options of each architecture, by its id. */
export interface ArchitectureOptions {
  /** Of table 1. */
  cnn: CnnOptions;
  /** Of table 2. */
  resnet: ResnetOptions;
  /** Of table 3. */
  densenet: DensenetOptions;
}

/** Id of an architecture of the registry. */
export type ArchitectureId = keyof ArchitectureOptions;

/** The name of each architecture in a report. */
export const architectureLabels: Readonly<Record<ArchitectureId, string>> = {
  cnn: 'CNN',
  resnet: 'ResNet',
  densenet: 'DenseNet',
};

/** A variant: an architecture with options, a row of the paper's tables. */
export type Variant<Id extends ArchitectureId = ArchitectureId> = {
  [A in Id]: VariantNames & {
    /** Unique, such as `cnn-33`. */
    readonly id: string;
    /** Id of its architecture. */
    readonly architecture: A;
    /** Ids of the datasets that the paper reports it on. */
    readonly datasets: readonly string[];
    /** The options of its architecture. */
    readonly options: ArchitectureOptions[A];
    /** Name of the layer that gives the last feature maps, after their ReLU: where Grad-CAM looks. */
    readonly gradCamLayer: string;
  };
}[Id];

/** Table 4, in the paper's order. */
const cnns = (
  [
    {
      id: 'cnn-wide',
      shortLabel: 'conv wide',
      options: { kind: 'conv', channels: [200, 500, 8], kernelSize: 3 },
      gradCamLayer: 'conv3',
    },
    {
      id: 'cnn-33',
      shortLabel: 'conv 33',
      options: { kind: 'conv', channels: [33, 33, 8], kernelSize: 3 },
      gradCamLayer: 'conv3',
    },
    {
      id: 'cnn-33-batchnorm',
      shortLabel: 'conv 33 + BN',
      options: { kind: 'conv', channels: [33, 33, 8], kernelSize: 3, batchNorm: true },
      gradCamLayer: 'relu3',
    },
    {
      id: 'cnn-33-k9',
      shortLabel: 'conv 33, 9×9',
      options: { kind: 'conv', channels: [33, 33, 8], kernelSize: 9 },
      gradCamLayer: 'conv3',
    },
    {
      id: 'cnn-33-input-scale',
      shortLabel: 'conv 33 + scale',
      options: { kind: 'conv', channels: [33, 33, 8], kernelSize: 3, inputScale: true },
      gradCamLayer: 'conv3',
    },
    {
      id: 'cnn-smooth-32',
      shortLabel: 'smoothing 32',
      options: { kind: 'smoothing', channels: [32, 32, 8], kernelSize: 3 },
      gradCamLayer: 'smoothing3',
    },
    {
      id: 'cnn-smooth-32-batchnorm',
      shortLabel: 'smoothing 32 + BN',
      options: { kind: 'smoothing', channels: [32, 32, 8], kernelSize: 3, batchNorm: true },
      gradCamLayer: 'relu3',
    },
    {
      id: 'cnn-smooth-32-k9',
      shortLabel: 'smoothing 32, 9×9',
      options: { kind: 'smoothing', channels: [32, 32, 8], kernelSize: 9 },
      gradCamLayer: 'smoothing3',
    },
    {
      id: 'cnn-unsharp-32',
      shortLabel: 'unsharp 32',
      options: { kind: 'unsharp', channels: [32, 32, 8], kernelSize: 3 },
      gradCamLayer: 'unsharp3',
    },
  ] as const
).map(({ id, shortLabel, options, gradCamLayer }) => ({
  id,
  architecture: 'cnn' as const,
  label: `${architectureLabels.cnn}, ${shortLabel}`,
  shortLabel,
  kinds: [options.kind],
  datasets: ['mnist'],
  options,
  gradCamLayer,
})) satisfies Variant<'cnn'>[];

/** What the 3×3 layers of ResNet and DenseNet are in tables 5 to 7, in the paper's order. */
const mixtures = [
  { id: 'conv', label: 'conv', kinds: ['conv'], datasets: ['mnist', 'cifar10', 'iwildcam'] },
  { id: 'smoothing', label: 'smoothing', kinds: ['smoothing'], datasets: ['mnist'] },
  { id: 'unsharp', label: 'unsharp', kinds: ['unsharp'], datasets: ['mnist'] },
  {
    id: 'alternating-smoothing',
    label: 'alternating smoothing',
    kinds: ['conv', 'smoothing'],
    datasets: ['mnist', 'cifar10', 'iwildcam'],
  },
  {
    id: 'alternating-unsharp',
    label: 'alternating unsharp',
    kinds: ['conv', 'unsharp'],
    datasets: ['mnist', 'cifar10', 'iwildcam'],
  },
] as const;

/** The names of a mixture as a variant of an architecture. */
const namesOf = (architecture: 'resnet' | 'densenet', { label, kinds }: (typeof mixtures)[number]) => ({
  label: `${architectureLabels[architecture]}, ${label}`,
  shortLabel: label.replace('alternating', 'alt.'),
  kinds,
});

/** The widths and depths of table 2. */
const stages = [
  { channels: 8, blocks: 3 },
  { channels: 16, blocks: 4 },
  { channels: 32, blocks: 6 },
  { channels: 64, blocks: 4 },
];

const resnets = mixtures.map((mixture) => ({
  id: `resnet-${mixture.id}` as const,
  architecture: 'resnet' as const,
  ...namesOf('resnet', mixture),
  datasets: mixture.datasets,
  options: { kinds: mixture.kinds, stages },
  gradCamLayer: 'relu17',
})) satisfies Variant<'resnet'>[];

/** With the widths and depths of table 3. */
const densenets = mixtures.map((mixture) => ({
  id: `densenet-${mixture.id}` as const,
  architecture: 'densenet' as const,
  ...namesOf('densenet', mixture),
  datasets: mixture.datasets,
  options: { kinds: mixture.kinds, stem: 16, growth: 8, denseLayers: [2, 4, 8, 16] },
  gradCamLayer: 'concat31',
})) satisfies Variant<'densenet'>[];

const rows = [...cnns, ...resnets, ...densenets];

/** Id of a network of the benchmark, such as `cnn-33`. */
export type VariantId = (typeof rows)[number]['id'];

/** A network of the benchmark. */
export type BenchmarkVariant = Variant & {
  /** One of the benchmark's ids. */
  readonly id: VariantId;
};

/** Every network of the benchmark, in the order of the paper's tables. */
export const variants: readonly BenchmarkVariant[] = rows;

/** One row of the paper's tables 4 to 7: a network on a dataset. */
export interface BenchmarkRow {
  /** Id of the variant. */
  readonly variant: VariantId;
  /** Id of the dataset. */
  readonly dataset: string;
}

/** All 31 rows, in the paper's order: tables 4 and 5 are about MNIST, 6 about CIFAR-10, 7 about iWildCam. */
export const benchmarkRows: readonly BenchmarkRow[] = ['mnist', 'cifar10', 'iwildcam'].flatMap((dataset) =>
  variants.filter(({ datasets }) => datasets.includes(dataset)).map(({ id }) => ({ variant: id, dataset })),
);
