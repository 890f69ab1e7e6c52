import { EXIT } from './exit-codes.js';

/** Ctrl-C and SIGTERM stop after the current step, a second one at once; so does the end of the process that started us. */
export function stopOnSignal(note: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    note('stopping after this step; once more stops at once');
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT['stopped, continue with the same command']);
      stop();
    });
  process.on('disconnect', () => controller.abort());
  return controller.signal;
}
