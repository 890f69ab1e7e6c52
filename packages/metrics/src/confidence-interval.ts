import { WeightmapError, wilsonInterval } from '@weightmap/core';
import jStat from 'jstat';
import { momentsOfSample } from './_summary.js';

/** A confidence interval, and the kind of randomness that it covers. */
export interface ConfidenceInterval {
  /** Lower end, in the unit of the figure. */
  readonly low: number;
  /** Upper end, in the unit of the figure. */
  readonly high: number;
  /** The confidence level: the share of such intervals that contain the true value, for example 0.95. */
  readonly level: number;
  /**
   * The randomness that it covers. `test images`: only the choice of the images that a trained model is tested on. `trials`:
   * only the randomness of training (initial weights, order of the images, augmentation, noise), on the same test images.
   */
  readonly covers: 'test images' | 'trials';
  /** Number of images or trials that it is computed from. */
  readonly n: number;
}

/** The confidence level of an interval. */
export interface IntervalOptions {
  /** In (0, 1). Default 0.95. */
  level?: number;
}

/**
 * Wilson's interval for the error of one trained model, from n test images: in percent.
 *
 * With p the share misclassified and z the normal quantile of (1 + level)/2:
 * (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n). It doesn't cover the randomness of training.
 *
 * @param errorPercent of the n images, 0 … 100.
 * @throws WeightmapError if the error is no percentage, n is not a positive whole number, or the level not in (0, 1).
 * Source: Wilson, “Probable inference, the law of succession, and statistical inference”, 1927.
 */
export function testErrorInterval(
  errorPercent: number,
  n: number,
  { level = 0.95 }: IntervalOptions = {},
): ConfidenceInterval {
  checkLevel(level);
  if (!(Number.isInteger(n) && n > 0)) throw invalidNumber('number of test images', n, 'a whole number ≥ 1');
  if (!(errorPercent >= 0 && errorPercent <= 100)) throw invalidNumber('error', errorPercent, '0 … 100 %');
  const z = jStat.normal.inv((1 + level) / 2, 0, 1);
  const [low, high] = wilsonInterval(errorPercent / 100, n, z);
  return { low: 100 * low, high: 100 * high, level, covers: 'test images', n };
}

/** The interval of a mean over trials. */
export interface MeanInterval extends ConfidenceInterval {
  /** Over the trials. */
  readonly mean: number;
}

/**
 * Student's t interval for a mean over trials: mean ± t·s/√n, n − 1 degrees of freedom, s the standard deviation
 * (divided by n − 1). All trials use the same test images, so the interval doesn't cover their choice.
 *
 * @param values one for each trial, at least two.
 * @throws WeightmapError if there are fewer than two, one is not finite, or the level is not in (0, 1).
 */
export function meanInterval(
  values: readonly number[],
  { level = 0.95 }: IntervalOptions = {},
): MeanInterval {
  checkLevel(level);
  if (values.length < 2)
    throw new WeightmapError(
      `There is no interval over ${values.length === 1 ? 'one trial' : 'no trials'}.`,
      {
        expected: 'two or more',
        fix: 'run more trials',
      },
    );
  const invalid = values.find((value) => !Number.isFinite(value));
  if (invalid !== undefined) throw invalidNumber('value of a trial', invalid, 'a finite number');
  const { n, mean, variance } = momentsOfSample(values);
  const standardError = Math.sqrt(variance / n);
  // Without spread Student's quantile need not be known: the interval is a point.
  const half = standardError === 0 ? 0 : standardError * jStat.studentt.inv((1 + level) / 2, n - 1);
  return { mean, low: mean - half, high: mean + half, level, covers: 'trials', n };
}

function checkLevel(level: number): void {
  if (!(level > 0 && level < 1))
    throw invalidNumber('confidence level', level, 'a number in (0, 1), such as 0.95');
}

const invalidNumber = (what: string, value: number, expected: string) =>
  new WeightmapError(`Invalid ${what}: ${value}.`, { expected });
