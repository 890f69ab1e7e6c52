import type { Probe } from './_probe.js';

/** What a check found. */
export interface Finding {
  /** In the check's unit; null where the check doesn't apply. */
  readonly value: number | null;
  /** Images that stand behind it, by their place in the batch. */
  readonly samples?: readonly number[];
  /** Why the check doesn't apply. */
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
  /** Of the value: a share of the images in [0, 1], percentage points, a number of standard errors, a difference of logits, … */
  readonly unit: 'share' | 'points' | 'standard errors' | 'logits' | 'cosine' | 'images';
  /** The largest value that raises no doubt; with `least`, the smallest. */
  readonly threshold: number;
  /** Whether the threshold is the smallest value that raises no doubt, instead of the largest. */
  readonly least?: boolean;
  /** Asks the probe for what it needs; what two checks need is computed once. */
  readonly measure: (probe: Probe) => Finding;
}

/** `flagged` raises doubt; a check that can’t be made is `not applicable`, and raises none. */
export type MaskingVerdict = 'passed' | 'flagged' | 'not applicable';

/** A check with what it found. */
export interface CheckedMasking extends Omit<MaskingCheck, 'measure'>, Finding {
  /** The value held against the threshold. */
  readonly verdict: MaskingVerdict;
}

/** Of shares of images that are subtracted from each other. */
const ROUNDING = 1e-9;

/** The finding held against the threshold. A value that isn't a number raises doubt. */
export function judgeFinding({ measure: _, ...check }: MaskingCheck, finding: Finding): CheckedMasking {
  const { value } = finding;
  const isFine =
    value !== null &&
    (check.least ? value >= check.threshold - ROUNDING : value <= check.threshold + ROUNDING);
  return { ...check, ...finding, verdict: value === null ? 'not applicable' : isFine ? 'passed' : 'flagged' };
}
