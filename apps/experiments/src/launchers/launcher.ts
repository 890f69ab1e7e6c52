import type { CellEvent } from '../cells/cell-events.js';
import type { Display } from '../terminal/display.js';

export interface LaunchOptions {
  /** The run's folder, absolute. Its list of cells has been written. */
  readonly run: string;
  /** Processes at the same time. Default: the launcher's choice. */
  readonly workers?: number;
  /** Threads of each worker. */
  readonly threads: number;
  readonly stop: AbortSignal;
  readonly display: Display;
  /** Options for sbatch: `partition=long` for `--partition=long`. */
  readonly sbatchOptions: readonly string[];
  /** Words of the workers' command line that pass on which plugins of the run they may use. */
  readonly plugins: readonly string[];
  /** For Kubernetes: the image that contains the command, and the claim of the volume with the run's folder. */
  readonly image?: string;
  readonly claim?: string;
}

export interface Launched {
  /** Whether the work has been done; false if it was only handed over. */
  readonly finished: boolean;
  /** Why items failed, one line each. */
  readonly failures: readonly string[];
}

/** Starts `weightmap <command> --run <folder> --index <n>` for each item of the work, on some machine. */
export interface Launcher {
  /** For `--help`. */
  readonly description: string;
  /** Those of the options below that it uses; the others are refused. */
  readonly uses: readonly ('sbatchOptions' | 'image' | 'claim')[];
  /**
   * Called before anything is computed or written.
   *
   * @throws WeightmapError if an option that it uses is missing or can't be used.
   */
  check?(options: Pick<LaunchOptions, 'image' | 'claim'>): void;
  /** @throws WeightmapError if nothing could be started. */
  launch(work: Work, options: LaunchOptions): Promise<Launched>;
}

/** The work for a launcher: the cells of a grid, or the parts of a campaign. */
export interface Work {
  readonly kind: 'cells' | 'attacks';
  /** The command that a worker process runs. */
  readonly command: 'cell' | 'attack-worker';
  readonly items: readonly WorkItem[];
  /** The unit that progress counts, and its number. */
  readonly total: { readonly count: number; readonly noun: string; readonly units?: number };
  /**
   * Milliseconds after which a local process that was asked to stop is killed. Only for work that then loses no more than its
   * current part.
   */
  readonly killAfter?: number;
}

/** The work of one process. */
export interface WorkItem {
  /** The value of `--index`. */
  readonly index: number;
  /** For people. */
  readonly name: string;
  /** A file that the output of its processes is appended to. */
  readonly log: string;
  /** Makes the folder of the log. */
  readonly prepare: () => Promise<void>;
  /** Whether another process works on it. */
  readonly isHeld: () => boolean;
  /** Its result in one line; null if it isn't done. Called with the exit code of its process. */
  readonly outcome: (code: number | null) => Promise<string | null>;
  /** Why its process failed, as the process stored it; null if it stored nothing since `prepare`. */
  readonly failure: () => string | null;
  /** Adds a row to the display, for its processes one after another. */
  readonly show: (display: Display) => Shown;
  /**
   * Called when a signal ended its process that was not asked to stop.
   *
   * @param starts the number of times that it was started.
   * @returns whether to start it again.
   */
  readonly died: (signal: NodeJS.Signals, starts: number) => Promise<boolean>;
}

/** The display of an item that is worked on. */
export interface Shown {
  event: (event: CellEvent) => void;
  done: (outcome: string) => void;
  failed: (reason: string) => void;
  stopped: () => void;
  /** Left to another process, for now. */
  left: () => void;
}
