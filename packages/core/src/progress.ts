/** How far something that takes a while has come. */
export interface Progress {
  /** What is being done, such as `train` or `download`. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  /** Figures to show beside it, such as `{ loss: 0.31 }`. */
  readonly figures?: Readonly<Record<string, number>>;
}

export type OnProgress = (progress: Progress) => void;
