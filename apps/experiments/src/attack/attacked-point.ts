/** One attack at one strength, on some images. */
export interface AttackedBatches {
  readonly strength: number;
  /** Of each image, in order: `1` if it is misclassified under the attack, `0` if it isn't. */
  readonly fooled: string;
  /** Of each batch: images that were changed, and the sums of their changes. */
  readonly batches: readonly { readonly changed: number; readonly linf: number; readonly l2: number }[];
}

/** One attack at one strength, on all images. */
export interface AttackedPoint {
  readonly strength: number;
  readonly fooled: string;
  /** Mean over the images that the attack changed; null if it changed none. */
  readonly meanLinf: number | null;
  readonly meanL2: number | null;
}

/** Slices put together, in their order: summed batch by batch, so that it makes no difference where they were cut. */
export function joinSlices(slices: readonly AttackedBatches[]): AttackedPoint {
  const batches = slices.flatMap((slice) => slice.batches);
  const sum = (pick: (batch: (typeof batches)[number]) => number) =>
    batches.reduce((total, batch) => total + pick(batch), 0);
  const changed = sum((batch) => batch.changed);
  return {
    strength: slices[0].strength,
    fooled: slices.map(({ fooled }) => fooled).join(''),
    meanLinf: changed ? sum(({ linf }) => linf) / changed : null,
    meanL2: changed ? sum(({ l2 }) => l2) / changed : null,
  };
}
