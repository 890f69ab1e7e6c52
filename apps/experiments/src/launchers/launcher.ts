import type { CellConfig } from '@weightmap/core';
import type { Display } from '../progress-display.js';

export interface LaunchOptions {
  /** The run's folder, absolute; its list of cells is written. */
  readonly run: string;
  /** Cells at a time; absent: what the launcher thinks best. */
  readonly workers?: number;
  /** Of each worker. */
  readonly threads: number;
  readonly stop: AbortSignal;
  readonly display: Display;
  /** Passed on to sbatch: `partition=long` for `--partition=long`. */
  readonly sbatchOptions: readonly string[];
  /** Kubernetes: the image that has the command, and the volume claim that the run's folder is on. */
  readonly image?: string;
  readonly claim?: string;
}

export interface Launched {
  /** Whether the cells have been worked on, rather than only handed over. */
  readonly finished: boolean;
  /** What failed, and why. */
  readonly failures: readonly string[];
}

/** A way of having cells worked on: it starts `weightmap cell` for each, somewhere. */
export interface Launcher {
  /** For `--help`. */
  readonly description: string;
  /**
   * @param cells the unfinished ones, with their places in the run's list.
   * @throws WeightmapError if nothing could be started.
   */
  launch(cells: readonly PlacedCell[], options: LaunchOptions): Promise<Launched>;
}

export interface PlacedCell {
  readonly cell: CellConfig;
  /** In the run's list. */
  readonly index: number;
}
