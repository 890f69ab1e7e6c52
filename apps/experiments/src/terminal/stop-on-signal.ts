import { EXIT } from './exit-codes.js';

/** Why a process was asked to stop. */
export interface StopReason {
  /** A batch system announces the end of a job's time with SIGUSR2. */
  readonly stoppedBy: NodeJS.Signals | 'the end of its launcher';
}

/**
 * Stops this process after its current step on Ctrl-C, SIGTERM, SIGUSR2, or the end of the process that started it. A second
 * signal stops it at once.
 *
 * @returns a signal whose reason is a `StopReason`.
 */
export function stopOnSignal(note: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (stoppedBy: StopReason['stoppedBy']) => controller.abort({ stoppedBy } satisfies StopReason);
  // Not SIGUSR1, which Node's inspector uses.
  for (const name of [
    'SIGINT',
    'SIGTERM',
    ...(process.platform === 'win32' ? [] : (['SIGUSR2'] as const)),
  ] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT['stopped, continue with the same command']);
      note('stopping after this step; a second signal stops at once');
      stop(name);
    });
  process.on('disconnect', () => stop('the end of its launcher'));
  return controller.signal;
}
