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
  readonly id: string;
  /** What the value is. */
  readonly title: string;
  /** What it means if it is too large. */
  readonly meaning: string;
  readonly unit: 'share' | 'points' | 'standard errors' | 'logits' | 'cosine' | 'images';
  /** The largest value that raises no doubt; with `least`, the smallest. */
  readonly threshold: number;
  readonly least?: boolean;
  readonly measure: (probe: Probe) => Finding;
}

export type MaskingVerdict = 'passed' | 'flagged' | 'not applicable';

/** A check with what it found. */
export interface CheckedMasking extends Omit<MaskingCheck, 'measure'>, Finding {
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
