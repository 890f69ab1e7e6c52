import { EXIT } from './exit-codes.js';

/** Ctrl-C and SIGTERM stop after the current step; a second one at once. */
export function stopOnSignal(note: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT['stopped, continue with the same command']);
      note('stopping after this step; once more stops at once');
      controller.abort();
    });
  return controller.signal;
}
