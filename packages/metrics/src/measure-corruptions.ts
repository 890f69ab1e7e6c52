import type { Attack, Classifier, ImageSet } from '@weightmap/core';
import type { CorruptionErrors } from './corruption-error.js';
import { robustnessCurve, type RobustnessCurveOptions } from './robustness-curve.js';
import { testError } from './test-error.js';

/** A corruption and its severities: strengths of the noise, from the first severity. */
export interface Corruption {
  /** What makes it; its id is the corruption’s. */
  readonly noise: Attack;
  /** Strengths of the noise, the mildest first. */
  readonly severities: readonly number[];
}

/**
 * Measures the errors of a classifier under each corruption of a table, `corruptions` of `@weightmap/attacks` for example, at every
 * severity, and on clean images. The result is for `meanCorruptionError`.
 *
 * All severities of a corruption share its random numbers. Those that are in units of pixels are in units of the classifier's
 * pixels: `corruptions` is for bounds of [0, 1].
 *
 * @throws WeightmapError if the set is empty or doesn't fit the classifier; whatever the noise throws.
 */
export async function measureCorruptions(
  classifier: Classifier,
  set: ImageSet,
  table: readonly Corruption[],
  options: RobustnessCurveOptions,
): Promise<CorruptionErrors> {
  const corrupted: Record<string, readonly number[]> = {};
  for (const { noise, severities } of table) {
    const points = await robustnessCurve(classifier, set, noise, severities, options);
    corrupted[noise.id] = points.map(({ errorPercent }) => errorPercent);
  }
  return { clean: testError(classifier, set, { batchSize: options.batchSize }), corrupted };
}
