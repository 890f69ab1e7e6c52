import type { CnnOptions } from './cnn.js';

/** What each architecture lets one choose; its keys are the architectures. */
export interface ArchitectureOptions {
  cnn: CnnOptions;
}

export type ArchitectureId = keyof ArchitectureOptions;

/** One row of the paper's tables: an architecture and what is chosen in it. */
export type Variant<Id extends ArchitectureId = ArchitectureId> = {
  [A in Id]: {
    /** Unique, such as `cnn-33`. */
    readonly id: string;
    readonly architecture: A;
    /** What the paper's table calls it. */
    readonly label: string;
    /** Ids of the datasets that the paper reports it on. */
    readonly datasets: readonly string[];
    readonly options: ArchitectureOptions[A];
    /** The last feature layer, after its ReLU: where Grad-CAM looks. */
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

/** Every row of the benchmark, in the order of the paper's tables. */
export const variants: readonly Variant[] = [...cnns];
