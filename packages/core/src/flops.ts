/** Floating-point operations for one image: as the paper's table 4 counts them, and as they are executed. */
export type Flops = {
  /** By the convention behind table 4: k×k sums and their biases, nothing else. */
  readonly paper: number;
  /** Of all that runs at inference; a multiplication and an addition are two. */
  readonly executed: number;
};

/** One use of a layer in a model; shapes without the batch. */
export interface LayerUse {
  /** The layer's `getConfig()`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The shape of each input: `[height, width, channels]` for images. */
  readonly inputs: readonly (readonly number[])[];
  /** The shape of its output. */
  readonly output: readonly number[];
}

/** Counts the operations of one use of a layer for one image: finite numbers ≥ 0. */
export type FlopRule = (use: LayerUse) => Flops;
