import type { CellEvent } from '../cells/cell-events.js';
import type { Display } from '../terminal/display.js';

export interface LaunchOptions {
  /** The run's folder, absolute; its list of cells is written. */
  readonly run: string;
  /** Processes at a time; absent: what the launcher thinks best. */
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
  /** Whether the work has been done, rather than only handed over. */
  readonly finished: boolean;
  /** What failed, and why. */
  readonly failures: readonly string[];
}

/** A way of having work done: it starts `weightmap <command> --run <folder> --index <n>` for each item, somewhere. */
export interface Launcher {
  /** For `--help`. */
  readonly description: string;
  /** @throws WeightmapError if nothing could be started. */
  launch(work: Work, options: LaunchOptions): Promise<Launched>;
}

/** What is to be done: the cells of a grid, or the parts of attacks. */
export interface Work {
  readonly kind: 'cells' | 'attacks';
  /** What a process works on: the words of `weightmap` before `--run` and `--index`. */
  readonly command: 'cell' | 'attack-worker';
  readonly items: readonly WorkItem[];
  /** What progress counts, and how much of it there is. */
  readonly total: { readonly count: number; readonly noun: string; readonly units?: number };
  /**
   * Milliseconds after which a process of this machine that was told to stop is killed. Only for work that loses no more
   * than its current part by that.
   */
  readonly killAfter?: number;
}

/** What one process is started for. */
export interface WorkItem {
  /** What `--index` says. */
  readonly index: number;
  /** For people. */
  readonly name: string;
  /** A file; what its processes print is added to it. */
  readonly log: string;
  /** Makes the folder of that file. */
  readonly prepare: () => Promise<void>;
  /** Whether another process works on it. */
  readonly isHeld: () => boolean;
  /** What became of it, in one line; null if it isn't done. Hears how its process ended. */
  readonly outcome: (code: number | null) => Promise<string | null>;
  /** A row of the display for one process after another. */
  readonly show: (display: Display) => Shown;
  /**
   * Hears that its process was ended by a signal, without having been told to stop.
   *
   * @param starts how often it was started.
   * @returns whether to start it again.
   */
  readonly died: (signal: NodeJS.Signals, starts: number) => Promise<boolean>;
}

/** An item that is worked on, as people see it. */
export interface Shown {
  event: (event: CellEvent) => void;
  done: (outcome: string) => void;
  failed: (reason: string) => void;
  stopped: () => void;
  /** Left to another process, for now. */
  left: () => void;
}
