import type { Probe } from './_probe.js';

/** The ends of a 95 % interval over test images. */
export type MaskingInterval = readonly [low: number, high: number];

/** A figure that other test images would give differently. */
export interface Estimate {
  /** In the check's unit. */
  readonly value: number;
  /** Its interval if so many images gave this value. */
  readonly intervalFrom: (images: number) => MaskingInterval;
}

/** What a check found. */
export interface Finding {
  /** A number where it is a matter of this classifier alone; null where the check could not run. */
  readonly value: number | Estimate | null;
  /** Images that stand behind it, by their place in the batch. */
  readonly samples?: readonly number[];
  /** Why the check could not run. */
  readonly because?: string;
}

/** One way in which robustness may be an illusion. */
export interface MaskingCheck {
  /** As in the report; the numbers are those of the project's list of checks. */
  readonly number: number;
  /** In kebab-case; stays when titles change. */
  readonly id: string;
  /** What the value is. */
  readonly title: string;
  /** What it means if it is too large. */
  readonly meaning: string;
  /** Of the value: a share of the images in [0, 1], percentage points, a difference of logits, … */
  readonly unit: 'share' | 'points' | 'logits' | 'cosine' | 'images';
  /** The largest value that raises no doubt; with `least`, the smallest. */
  readonly threshold: number;
  /** Whether the threshold is the smallest value that raises no doubt, instead of the largest. */
  readonly least?: boolean;
  /** Whether it is the same at every ε. */
  readonly once?: boolean;
  /** Asks the probe for what it needs; what two checks need is computed once. */
  readonly measure: (probe: Probe) => Finding;
}

/**
 * - `passed`: the value is within the threshold;
 * - `flagged`: it is beyond, and so is its whole interval;
 * - `undecided`: it is beyond, but its interval reaches the threshold: more images would decide;
 * - `not run`: the check could not be made, or there is no robustness to doubt.
 */
export type CheckVerdict = 'passed' | 'flagged' | 'undecided' | 'not run';

/** A check with what it found. */
export interface CheckedMasking extends Omit<MaskingCheck, 'measure'>, Omit<Finding, 'value'> {
  /** In the check's unit; null where the check did not run. */
  readonly value: number | null;
  /** The value's 95 % interval over test images; null where the value doesn't depend on which images they are. */
  readonly interval: MaskingInterval | null;
  /** Of an undecided check: images that would decide it if they gave the same value. Null if none would, or none need to. */
  readonly imagesNeeded: number | null;
  /** The value compared with the threshold. */
  readonly verdict: CheckVerdict;
}

/** Of shares of images that are subtracted from each other. */
const ROUNDING = 1e-9;

/** More images than anybody would look at. */
const MOST_IMAGES = 10_000_000;

/** The finding compared with the threshold. A value that isn't a number raises doubt. */
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

/** The smallest number above `from` that will do, if all above it do; null if none. */
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
