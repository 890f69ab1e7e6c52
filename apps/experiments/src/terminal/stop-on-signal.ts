import { EXIT } from './exit-codes.js';

/** What asked a process to stop. */
export interface StopReason {
  /** SIGUSR2 is how a batch system announces the end of a job's time. */
  readonly stoppedBy: NodeJS.Signals | 'the end of its launcher';
}

/**
 * Ctrl-C, SIGTERM and SIGUSR2 stop after the current step, a second one at once; so does the end of the process that started us.
 *
 * @returns a signal whose reason is a `StopReason`.
 */
export function stopOnSignal(note: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (stoppedBy: StopReason['stoppedBy']) => controller.abort({ stoppedBy } satisfies StopReason);
  // Not SIGUSR1: Node's inspector owns it.
  for (const name of [
    'SIGINT',
    'SIGTERM',
    ...(process.platform === 'win32' ? [] : (['SIGUSR2'] as const)),
  ] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT['stopped, continue with the same command']);
      note('stopping after this step; once more stops at once');
      stop(name);
    });
  process.on('disconnect', () => stop('the end of its launcher'));
  return controller.signal;
}
