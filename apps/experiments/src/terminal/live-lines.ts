import { createLogUpdate } from 'log-update';
import { foldLines, harmless } from './output.js';

/** Lines of a terminal that change. */
export interface Live {
  (text: string): void;
  /** Removes them. */
  clear: () => void;
  /** Leaves them as they are. */
  done: () => void;
}

/** Lines that change, on a stream that is a terminal. */
export function liveLines(stream: NodeJS.WriteStream): Live {
  const update = createLogUpdate(stream);
  return Object.assign((text: string) => update(foldLines(harmless(text), stream.columns)), {
    clear: () => update.clear(),
    done: () => update.done(),
  });
}
