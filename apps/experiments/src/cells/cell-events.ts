import type { Progress } from '@weightmap/core';
import type { EpochReport } from '@weightmap/training';

/** Messages of a process that works on a cell, or on parts of attacks, to the process that started it. */
export type CellEvent =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'epoch'; readonly epoch: EpochReport }
  /** A worker begins a part, by its place in the plan. */
  | { readonly type: 'part'; readonly index: number; readonly name: string; readonly units: number }
  | { readonly type: 'part-done'; readonly outcome: string }
  | { readonly type: 'part-failed'; readonly reason: string }
  /** A worker was stopped within a part. */
  | { readonly type: 'part-left' }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'failed'; readonly reason: string }
  /** Another process works on it. */
  | { readonly type: 'busy' };
