import { MODES, type Mode } from './modes.js';
import { StopwatchProcess } from './_stopwatch-process.js';

/** The tasks that a measuring process can time. */
export const TASKS = [
  'step',
  'cell',
  'uniform-noise',
  'fgsm',
  'smoothing',
  'unsharp',
  'matrix-product',
] as const;
export type Task = (typeof TASKS)[number];

/**
 * Starts a measuring process: the hidden command `bench-worker`.
 *
 * @param prefix words before the command, such as one that pins it to a core.
 */
export const startOwn = (
  task: Task,
  mode: Mode,
  options: Readonly<Record<string, string | number>>,
  prefix: readonly string[] = [],
) =>
  StopwatchProcess.start(
    mode,
    [
      ...prefix,
      process.execPath,
      process.argv[1],
      'bench-worker',
      ...Object.entries({ task, mode, ...options }).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ],
    MODES[mode],
  );
