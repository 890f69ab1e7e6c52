import { EXIT } from './exit-codes.js';
import { isHangupIgnored } from './hangup.js';

/** Why a process was asked to stop. */
export interface StopReason {
  /** A batch system announces the end of a job's time with SIGUSR2. */
  readonly stoppedBy: NodeJS.Signals | 'the end of its launcher';
}

/**
 * Stops this process after its current step on Ctrl-C, SIGTERM, SIGUSR2, the end of its terminal (SIGHUP, unless it was started to
 * ignore that), or the end of the process that started it. A second signal stops it at once.
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
    ...(isHangupIgnored() ? [] : (['SIGHUP'] as const)),
  ] as const)
    process.on(name, () => {
      // A terminal that closes sends SIGHUP twice: itself, and through its shell.
      if (controller.signal.aborted && name === 'SIGHUP') return;
      if (controller.signal.aborted) process.exit(EXIT['stopped, continue with the same command']);
      note(
        name === 'SIGHUP'
          ? 'the terminal was closed (SIGHUP): stopping after this step with a checkpoint; the same command continues. Start it by `nohup` or `setsid` to go on without a terminal'
          : 'stopping after this step; a second signal stops at once',
      );
      stop(name);
    });
  process.on('disconnect', () => stop('the end of its launcher'));
  return controller.signal;
}
