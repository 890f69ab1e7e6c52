import { WeightmapError } from '@weightmap/core';

/** How suspicious a detector finds clean images, and the images of an attack. */
export interface RejectionScores {
  /** The suspicion of each clean image, whether it is classified rightly or not. */
  readonly clean: readonly number[];
  /**
   * For each image the suspicion of the least suspicious of its images that is classified wrongly: of all attacks, and of the clean one.
   * Null where each of them is classified rightly.
   */
  readonly wrong: readonly (number | null)[];
}

/** An attack on a classifier that rejects the images whose suspicion is larger than a threshold. */
export interface RejectionPoint {
  /** Share of the images with one that is classified wrongly and accepted, 0 … 100: the success rate of the attack. */
  readonly successPercent: number;
  /** Share of the wrongly classified images that are rejected, 0 … 100; null if none is classified wrongly. */
  readonly detectedPercent: number | null;
  /** Share of the clean images that are rejected, 0 … 100. */
  readonly cleanRejectedPercent: number;
}

/**
 * Scores an attack on a classifier that may reject images, at one threshold.
 *
 * Robust accuracy with rejection is 100 − `successPercent`: each image is then classified rightly or rejected.
 *
 * @param threshold an image is rejected if its suspicion is larger.
 * @throws WeightmapError if there are no images.
 *
 * Source: Bryniarski et al., “Evading adversarial example detection defenses with orthogonal projected gradient descent”,
 * arXiv:2106.15023: SR@5 and SR@50 are its success rates at the thresholds of 5 and 50 % false positives.
 */
export function rejectionAt({ clean, wrong }: RejectionScores, threshold: number): RejectionPoint {
  if (clean.length === 0 || wrong.length === 0)
    throw new WeightmapError('There are no images to score a rejection by.', {
      where: `${clean.length} clean images, ${wrong.length} attacked ones`,
    });
  const candidates = wrong.filter((suspicion) => suspicion !== null);
  const accepted = candidates.filter((suspicion) => suspicion <= threshold).length;
  return {
    successPercent: (100 * accepted) / wrong.length,
    detectedPercent:
      candidates.length > 0 ? (100 * (candidates.length - accepted)) / candidates.length : null,
    cleanRejectedPercent: (100 * clean.filter((suspicion) => suspicion > threshold).length) / clean.length,
  };
}

/**
 * Area under the ROC curve of a detector: the chance that an image which is classified wrongly is more suspicious than a clean one, ties
 * half. 1 for a detector that tells all apart, 0.5 for one that guesses.
 *
 * @returns null if no image is classified wrongly, or if there is no clean one.
 */
export function rejectionAuc({ clean, wrong }: RejectionScores): number | null {
  const candidates = wrong.filter((suspicion) => suspicion !== null);
  if (candidates.length === 0 || clean.length === 0) return null;
  const sorted = Float64Array.from(clean).sort();
  let ahead = 0;
  for (const suspicion of candidates)
    ahead += (countBelow(sorted, suspicion, false) + countBelow(sorted, suspicion, true)) / 2;
  return ahead / (candidates.length * clean.length);
}

/** How many of the ascending values are below one, or are not above it. */
function countBelow(sorted: Float64Array, value: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value || (orEqual && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The less suspicious one of two images that are classified wrongly. Null: it is classified rightly. */
export const lessSuspicious = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);
