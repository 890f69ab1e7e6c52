import { WeightmapError } from '@weightmap/core';

/** The error that ends a run whose loss or weights are no longer finite. */
export function divergence({
  epoch,
  step,
  steps,
  what,
  lastFiniteLoss,
  learningRate,
  keptEpoch,
  checkpointDir,
}: {
  epoch: number;
  step: number;
  steps: number;
  /** Such as `the loss became NaN`. */
  what: string;
  lastFiniteLoss: number | null;
  learningRate: number;
  /** Number of epochs finished before. */
  keptEpoch: number;
  checkpointDir?: string;
}): WeightmapError {
  const kept =
    keptEpoch === 0
      ? 'No epoch was finished: the model is back at its initial weights.'
      : `The model is back at the weights of epoch ${keptEpoch}` +
        (checkpointDir ? `, and their checkpoint is kept in ${checkpointDir}.` : '.');
  return new WeightmapError(`Training diverged: ${what} in epoch ${epoch}, step ${step} of ${steps}.`, {
    where: lastFiniteLoss === null ? 'the first loss' : `the last finite loss was ${lastFiniteLoss}`,
    expected: 'a finite loss at every step',
    fix: `Lower the learning rate (it is ${learningRate}), or check the initial weights: one of them is probably too large. ${kept}`,
  });
}
