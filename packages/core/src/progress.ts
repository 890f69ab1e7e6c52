/** How far something that takes a while has come. */
export interface Progress {
  /** What is being done, such as `train` or `download`. */
  readonly stage: string;
  /** So many of `total`: images, bytes, steps, whatever the stage counts. */
  readonly done: number;
  /** In the unit of `done`. */
  readonly total: number;
  /** Figures to show beside it, such as `{ loss: 0.31 }`. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** Called again and again with how far it is; must not throw. */
export type OnProgress = (progress: Progress) => void;
