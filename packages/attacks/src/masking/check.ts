import type { Probe } from './_probe.js';

/** The ends of a 95 % interval over test images. */
export type MaskingInterval = readonly [low: number, high: number];

/** A value that is estimated from the test images. */
export interface Estimate {
  /** In the check's unit. */
  readonly value: number;
  /** Its interval if this number of images gave this value. */
  readonly intervalFrom: (images: number) => MaskingInterval;
}

/** The result of a check. */
export interface Finding {
  /** A number if it does not depend on the choice of the images; null if the check could not run. */
  readonly value: number | Estimate | null;
  /** Positions in the batch of the images that it was found on. */
  readonly samples?: readonly number[];
  /** Why the check could not run. */
  readonly because?: string;
}

/** A check for one sign of gradient masking. */
export interface MaskingCheck {
  /** Its number in the list of checks, as in the report. */
  readonly number: number;
  /** In kebab-case; does not change with the title. */
  readonly id: string;
  /** What the value measures. */
  readonly title: string;
  /** What a value beyond the threshold means. */
  readonly meaning: string;
  /** The unit of the value: a share of the images in [0, 1], percentage points, a difference of logits, … */
  readonly unit: 'share' | 'points' | 'logits' | 'cosine' | 'images';
  /** The largest value that raises no doubt; with `least`, the smallest. */
  readonly threshold: number;
  /** Whether the threshold is the smallest value that raises no doubt, instead of the largest. */
  readonly least?: boolean;
  /** Whether the result does not depend on ε. */
  readonly once?: boolean;
  /** Runs the check. Results that several checks need are computed once by the probe. */
  readonly measure: (probe: Probe) => Finding;
}

/**
 * The verdict of a check:
 *
 * - `passed`: the value is within the threshold;
 * - `flagged`: the value and its whole interval are beyond the threshold;
 * - `undecided`: the value is beyond the threshold, but its interval reaches it: more images would decide;
 * - `not run`: the check could not run, or there is no robustness to check.
 */
export type CheckVerdict = 'passed' | 'flagged' | 'undecided' | 'not run';

/** A check with its result. */
export interface CheckedMasking extends Omit<MaskingCheck, 'measure'>, Omit<Finding, 'value'> {
  /** In the check's unit; null if the check did not run. */
  readonly value: number | null;
  /** The value's 95 % interval over test images; null if the value does not depend on the choice of the images. */
  readonly interval: MaskingInterval | null;
  /** The number of images that would decide an undecided check if they gave the same value; else null, also if no number would. */
  readonly imagesNeeded: number | null;
  /** The value compared with the threshold. */
  readonly verdict: CheckVerdict;
}

/** Allows for rounding errors of differences between shares. */
const ROUNDING = 1e-9;

/** The search for the number of images that would decide a check ends here. */
const MOST_IMAGES = 10_000_000;

/** Compares a finding with the threshold. NaN raises doubt. */
export function judgeFinding(
  { measure: _, ...check }: MaskingCheck,
  { value: found, ...finding }: Finding,
  images: number,
): CheckedMasking {
  const { threshold, least } = check;
  const isFine = (value: number) => (least ? value >= threshold - ROUNDING : value <= threshold + ROUNDING);
  const common = { ...check, ...finding, interval: null, imagesNeeded: null };
  if (found === null) return { ...common, value: null, verdict: 'not run' };
  if (typeof found === 'number')
    return { ...common, value: found, verdict: isFine(found) ? 'passed' : 'flagged' };
  const { value, intervalFrom } = found;
  const interval = intervalFrom(images);
  const isSure = (n: number) => !isFine(intervalFrom(n)[least ? 1 : 0]);
  if (isFine(value)) return { ...common, value, interval, verdict: 'passed' };
  if (isSure(images)) return { ...common, value, interval, verdict: 'flagged' };
  return { ...common, value, interval, imagesNeeded: fewest(isSure, images), verdict: 'undecided' };
}

/** The smallest number above `from` that is enough, assuming that all larger ones are too; null if none is. */
function fewest(isEnough: (n: number) => boolean, from: number): number | null {
  let [low, high] = [from, 2 * from];
  while (!isEnough(high)) {
    if (high > MOST_IMAGES) return null;
    [low, high] = [high, 2 * high];
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
