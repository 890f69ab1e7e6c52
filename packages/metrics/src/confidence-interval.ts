import { WeightmapError, wilsonInterval } from '@weightmap/core';
import jStat from 'jstat';
import { contrast } from './contrast.js';

/** Where something probably lies, and what that allows for. */
export interface ConfidenceInterval {
  /** Lower end, in the unit of the figure. */
  readonly low: number;
  /** Upper end, in the unit of the figure. */
  readonly high: number;
  /** The share of such intervals that hold what they are about, 0.95 for example. */
  readonly level: number;
  /**
   * What would be other if it were done again: `test images`, only the images that a trained model is tested on; `trials`,
   * only the training's randomness (initial weights, order of the images, augmentation, noise), on the same test images.
   */
  readonly covers: 'test images' | 'trials';
  /** Images, trials or pairs of trials behind it; of groups that aren't paired, the trials of the smaller one. */
  readonly n: number;
}

/** How sure an interval is to be. */
export interface IntervalOptions {
  /** In (0, 1). Default 0.95. */
  level?: number;
}

/**
 * Wilson's interval for the error of one trained model, from n test images: in percent.
 *
 * With p the share misclassified and z the normal quantile of (1 + level)/2:
 * (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n). It says nothing of what another training would have given.
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
  if (!(Number.isInteger(n) && n > 0)) throw noNumber(n, 'of test images', 'a whole number ≥ 1');
  if (!(errorPercent >= 0 && errorPercent <= 100)) throw noNumber(errorPercent, 'for an error', '0 … 100 %');
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
 * Student's t interval for the mean of a figure over trials: mean ± t·s/√n, n − 1 degrees of freedom, s the standard deviation
 * (divided by n − 1). Trials share their test images: how those were drawn is not allowed for.
 *
 * @param values one a trial, at least two.
 * @throws WeightmapError if there are fewer than two, one is not finite, or the level is not in (0, 1).
 */
export function meanInterval(
  values: readonly number[],
  { level = 0.95 }: IntervalOptions = {},
): MeanInterval {
  checkLevel(level);
  const { n, mean, squaredError } = sampleOf(values);
  return { mean, ...around(mean, Math.sqrt(squaredError), n - 1, level), n };
}

/** A figure of one trial. */
export interface TrialValue {
  /** The trial's seed: trials of two variants that share it are compared with each other. */
  readonly seed: number;
  /** The trial’s figure. */
  readonly value: number;
}

/** The interval of a difference between two variants' means over trials. */
export interface DifferenceInterval extends ConfidenceInterval {
  /** Mean of the first minus mean of the second. */
  readonly difference: number;
  /** `paired`: of the differences, trial by trial; `welch`: of two groups that don't belong together. */
  readonly method: 'paired' | 'welch';
}

/**
 * The interval of the difference between two variants, first − second.
 *
 * Paired, if both have the same seeds, each once: Student's t interval of the differences trial by trial, so that what a
 * seed does to both variants alike cancels out. Otherwise Welch's: the difference of the means
 * ± t·√(s₁²/n₁ + s₂²/n₂), degrees of freedom by Welch and Satterthwaite.
 *
 * @throws WeightmapError if either has fewer than two trials, a value is not finite, or the level is not in (0, 1).
 * Source: Welch, “The generalization of ‘Student's’ problem when several different population variances are involved”, 1947.
 */
export function differenceInterval(
  first: readonly TrialValue[],
  second: readonly TrialValue[],
  { level = 0.95 }: IntervalOptions = {},
): DifferenceInterval {
  const differences = pairedDifferences(first, second);
  if (differences) {
    const { mean, ...interval } = meanInterval(differences, { level });
    return { difference: mean, method: 'paired', ...interval };
  }
  checkLevel(level);
  const [a, b] = [first, second].map((trials) => sampleOf(trials.map(({ value }) => value)));
  const {
    value: difference,
    standardError,
    freedom,
  } = contrast([
    { weight: 1, mean: a.mean, variance: a.squaredError * a.n, n: a.n },
    { weight: -1, mean: b.mean, variance: b.squaredError * b.n, n: b.n },
  ]);
  const interval = around(difference, standardError, freedom, level);
  return { difference, method: 'welch', ...interval, n: Math.min(a.n, b.n) };
}

/** The differences seed by seed; null if the seeds are not the same, or not each other's only one. */
function pairedDifferences(first: readonly TrialValue[], second: readonly TrialValue[]): number[] | null {
  const [a, b] = [first, second].map((trials) => new Map(trials.map(({ seed, value }) => [seed, value])));
  const areUnique = a.size === first.length && b.size === second.length;
  if (!areUnique || a.size !== b.size || ![...a.keys()].every((seed) => b.has(seed))) return null;
  return [...a].map(([seed, value]) => value - b.get(seed)!);
}

/** n, the mean and the square of its standard error, s²/n. */
function sampleOf(values: readonly number[]): { n: number; mean: number; squaredError: number } {
  const n = values.length;
  if (n < 2)
    throw new WeightmapError(`There is no interval over ${n === 1 ? 'one trial' : 'no trials'}.`, {
      expected: 'two or more',
      fix: 'run more trials',
    });
  const strange = values.find((value) => !Number.isFinite(value));
  if (strange !== undefined) throw noNumber(strange, 'for a trial', 'a finite number');
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, squaredError: squares / (n - 1) / n };
}

/** Without spread there is nothing to multiply (nor degrees of freedom, for Welch): a point. */
function around(centre: number, standardError: number, freedom: number, level: number) {
  const half = standardError === 0 ? 0 : standardError * jStat.studentt.inv((1 + level) / 2, freedom);
  return { low: centre - half, high: centre + half, level, covers: 'trials' as const };
}

function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw noNumber(level, 'for a level', 'a number in (0, 1), such as 0.95');
}

const noNumber = (value: number, what: string, expected: string) =>
  new WeightmapError(`${value} is no number ${what}.`, { expected });
