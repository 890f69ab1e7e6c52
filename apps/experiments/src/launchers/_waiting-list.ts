import type { WorkItem } from './launcher.js';

/** Milliseconds before an item is started again whose process found another at work, and the longest such time. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/** Items that wait for a free worker, in their order. */
export interface WaitingList {
  /** How many wait. */
  readonly length: number;
  /** Takes the first item that no process works on; null if there is none now. */
  take: () => WorkItem | null;
  /** Puts back an item that another process works on. It pauses, each time twice as long. */
  putBack: (item: WorkItem) => void;
}

/** @param now milliseconds of a steady clock. */
export function waitingList(items: readonly WorkItem[], now = () => performance.now()): WaitingList {
  const waiting = [...items];
  const pauses = new Map<WorkItem, { readonly length: number; readonly until: number }>();
  return {
    get length() {
      return waiting.length;
    },
    take() {
      const free = waiting.findIndex(
        (item) => (pauses.get(item)?.until ?? -Infinity) <= now() && !item.isHeld(),
      );
      return free >= 0 ? waiting.splice(free, 1)[0] : null;
    },
    putBack(item) {
      const before = pauses.get(item)?.length;
      const length = before === undefined ? FIRST_PAUSE : Math.min(2 * before, LONGEST_PAUSE);
      pauses.set(item, { length, until: now() + length });
      waiting.push(item);
    },
  };
}
