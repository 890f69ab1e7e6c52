/** Ways in which the engine runs a training step, with the environment that selects them. */
export const MODES = {
  eager: { WEIGHTMAP_COMPILE: 'off', WEIGHTMAP_KERNELS: 'composed' },
  compiled: { WEIGHTMAP_COMPILE: '', WEIGHTMAP_KERNELS: 'composed' },
  fused: { WEIGHTMAP_COMPILE: '', WEIGHTMAP_KERNELS: '' },
} as const;

export type Mode = keyof typeof MODES;
export const modeNames = Object.keys(MODES) as Mode[];

/** The workload of every process that measures one case. */
export interface Workload {
  /** A network of the benchmark and its images, such as `cnn-33` or `resnet-conv@cifar10`. */
  readonly case: string;
  readonly batch: number;
  readonly threads: number;
}
