import type { FeatureKind } from './_blocks.js';
import type { CnnOptions } from './cnn.js';
import type { DensenetOptions } from './densenet.js';
import type { ResnetOptions } from './resnet.js';

/** What each architecture lets one choose; its keys are the architectures. */
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

/** A network of the paper's tables: an architecture and what is chosen in it. */
export type Variant<Id extends ArchitectureId = ArchitectureId> = {
  [A in Id]: {
    /** Unique, such as `cnn-33`. */
    readonly id: string;
    /** Id of the family that it belongs to. */
    readonly architecture: A;
    /** What the paper's table calls it. */
    readonly label: string;
    /** Ids of the datasets that the paper reports it on. */
    readonly datasets: readonly string[];
    /** What is chosen in it. */
    readonly options: ArchitectureOptions[A];
    /** What gives the last feature maps, after their ReLU: where Grad-CAM looks. */
    readonly gradCamLayer: string;
  };
}[Id];

/** Table 4, in the paper's order. */
const cnns: readonly Variant<'cnn'>[] = [
  {
    id: 'cnn-wide',
    architecture: 'cnn',
    label: 'CNN wide',
    datasets: ['mnist'],
    options: { kind: 'conv', channels: [200, 500, 8], kernelSize: 3 },
    gradCamLayer: 'conv3',
  },
  {
    id: 'cnn-33',
    architecture: 'cnn',
    label: 'CNN 33 channels',
    datasets: ['mnist'],
    options: { kind: 'conv', channels: [33, 33, 8], kernelSize: 3 },
    gradCamLayer: 'conv3',
  },
  {
    id: 'cnn-33-batchnorm',
    architecture: 'cnn',
    label: 'CNN 33 channels - batchnorm',
    datasets: ['mnist'],
    options: { kind: 'conv', channels: [33, 33, 8], kernelSize: 3, batchNorm: true },
    gradCamLayer: 'relu3',
  },
  {
    id: 'cnn-33-k9',
    architecture: 'cnn',
    label: 'CNN 33 channels - kernel size 9',
    datasets: ['mnist'],
    options: { kind: 'conv', channels: [33, 33, 8], kernelSize: 9 },
    gradCamLayer: 'conv3',
  },
  {
    id: 'cnn-33-input-scale',
    architecture: 'cnn',
    label: 'CNN 33 channels - input-scale',
    datasets: ['mnist'],
    options: { kind: 'conv', channels: [33, 33, 8], kernelSize: 3, inputScale: true },
    gradCamLayer: 'conv3',
  },
  {
    id: 'cnn-smooth-32',
    architecture: 'cnn',
    label: 'Smooth WM 32 channels',
    datasets: ['mnist'],
    options: { kind: 'smoothing', channels: [32, 32, 8], kernelSize: 3 },
    gradCamLayer: 'smoothing3',
  },
  {
    id: 'cnn-smooth-32-batchnorm',
    architecture: 'cnn',
    label: 'Smooth WM 32 channels - batchnorm',
    datasets: ['mnist'],
    options: { kind: 'smoothing', channels: [32, 32, 8], kernelSize: 3, batchNorm: true },
    gradCamLayer: 'relu3',
  },
  {
    id: 'cnn-smooth-32-k9',
    architecture: 'cnn',
    label: 'Smooth WM 32 channels - kernel size 9',
    datasets: ['mnist'],
    options: { kind: 'smoothing', channels: [32, 32, 8], kernelSize: 9 },
    gradCamLayer: 'smoothing3',
  },
  {
    id: 'cnn-unsharp-32',
    architecture: 'cnn',
    label: 'Unsharp WM 32 channels',
    datasets: ['mnist'],
    options: { kind: 'unsharp', channels: [32, 32, 8], kernelSize: 3 },
    gradCamLayer: 'unsharp3',
  },
];

/** What the 3×3 layers of ResNet and DenseNet are in tables 5 to 7, in the paper's order. */
const mixtures: readonly {
  readonly id: string;
  readonly label: string;
  readonly kinds: readonly FeatureKind[];
  readonly datasets: readonly string[];
}[] = [
  { id: 'conv', label: 'Conv', kinds: ['conv'], datasets: ['mnist', 'cifar10', 'iwildcam'] },
  { id: 'smoothing', label: 'Smoothing WM', kinds: ['smoothing'], datasets: ['mnist'] },
  { id: 'unsharp', label: 'Unsharp WM', kinds: ['unsharp'], datasets: ['mnist'] },
  {
    id: 'alternating-smoothing',
    label: 'Alternating Conv/Smoothing WM',
    kinds: ['conv', 'smoothing'],
    datasets: ['mnist', 'cifar10', 'iwildcam'],
  },
  {
    id: 'alternating-unsharp',
    label: 'Alternating Conv/Unsharp WM',
    kinds: ['conv', 'unsharp'],
    datasets: ['mnist', 'cifar10', 'iwildcam'],
  },
];

/** The widths and depths of table 2. */
const stages = [
  { channels: 8, blocks: 3 },
  { channels: 16, blocks: 4 },
  { channels: 32, blocks: 6 },
  { channels: 64, blocks: 4 },
];

const resnets = mixtures.map(({ id, label, kinds, datasets }): Variant<'resnet'> => ({
  id: `resnet-${id}`,
  architecture: 'resnet',
  label: `ResNet ${label}`,
  datasets,
  options: { kinds, stages },
  gradCamLayer: 'relu17',
}));

/** With the widths and depths of table 3. */
const densenets = mixtures.map(({ id, label, kinds, datasets }): Variant<'densenet'> => ({
  id: `densenet-${id}`,
  architecture: 'densenet',
  label: `DenseNet ${label}`,
  datasets,
  options: { kinds, stem: 16, growth: 8, denseLayers: [2, 4, 8, 16] },
  gradCamLayer: 'concat31',
}));

/** Every network of the benchmark, in the order of the paper's tables. */
export const variants: readonly Variant[] = [...cnns, ...resnets, ...densenets];

/** One row of the paper's tables 4 to 7: a network on a dataset. */
export interface BenchmarkRow {
  /** Id of the variant. */
  readonly variant: string;
  /** Id of the dataset. */
  readonly dataset: string;
}

/** All 31 rows, in the paper's order: tables 4 and 5 are about MNIST, 6 about CIFAR-10, 7 about iWildCam. */
export const benchmarkRows: readonly BenchmarkRow[] = ['mnist', 'cifar10', 'iwildcam'].flatMap((dataset) =>
  variants.filter(({ datasets }) => datasets.includes(dataset)).map(({ id }) => ({ variant: id, dataset })),
);
