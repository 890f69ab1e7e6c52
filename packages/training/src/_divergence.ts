import { WeightmapError } from '@weightmap/core';

/** The end of a training run whose numbers left the finite ones. */
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
  /** Epochs finished before; 0 for none. */
  keptEpoch: number;
  checkpointDir?: string;
}): WeightmapError {
  const kept =
    keptEpoch === 0
      ? 'No epoch was finished: the model is back at its initial weights.'
      : `The model is back at the weights of epoch ${keptEpoch}` +
        (checkpointDir ? `, and their checkpoint is kept in ${checkpointDir}.` : '.');
  return new WeightmapError(`Training diverged: ${what} in epoch ${epoch}, step ${step} of ${steps}.`, {
    where: lastFiniteLoss === null ? 'the first loss of all' : `the last finite loss was ${lastFiniteLoss}`,
    expected: 'a finite loss at every step',
    fix: `A learning rate too large (it is ${learningRate}) or far too large initial weights are the likely causes: lower the first, check the second. ${kept}`,
  });
}
