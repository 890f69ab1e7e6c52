import type { Progress } from '@weightmap/core';
import type { EpochReport } from '@weightmap/training';

/** What a process that works on a cell tells the one that started it. */
export type CellEvent =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'epoch'; readonly epoch: EpochReport }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'failed'; readonly reason: string }
  /** Another process works on it. */
  | { readonly type: 'busy' };
