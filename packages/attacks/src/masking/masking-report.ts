import type * as tf from '@tensorflow/tfjs';
import { checkClassifier, WeightmapError, wilsonInterval, type Classifier } from '@weightmap/core';
import { checkInputs, checkStrengths } from '../harness/_inputs.js';
import {
  judgeFinding,
  type CheckedMasking,
  type Finding,
  type MaskingCheck,
  type MaskingInterval,
} from './check.js';
import {
  blackBoxStronger,
  lossesDisagree,
  noiseFools,
  transferFools,
  unboundedFails,
} from './_comparison-checks.js';
import { finiteDifferences, unchangedByFgsm, uselessGradients } from './_gradient-checks.js';
import { probabilities, randomised, temperature } from './_output-checks.js';
import { openProbe, shareOf, type Probe } from './_probe.js';
import {
  accuracyRises,
  fooledOnTheWay,
  notConverged,
  pgdWeakerThanFgsm,
  standsEverything,
} from './_strength-checks.js';

/** All checks, in the order of their numbers. */
export const maskingChecks: readonly MaskingCheck[] = [
  uselessGradients,
  unchangedByFgsm,
  probabilities,
  randomised,
  pgdWeakerThanFgsm,
  accuracyRises,
  standsEverything,
  unboundedFails,
  notConverged,
  lossesDisagree,
  blackBoxStronger,
  transferFools,
  fooledOnTheWay,
  finiteDifferences,
  temperature,
  noiseFools,
];

/** How thorough the search for masking is. */
export interface MaskingSearch {
  /** The seed of all random numbers. */
  seed: number;
  /** Gradient steps of PGD. */
  steps?: number;
  /** Queries of the Square attack for each image. */
  queries?: number;
  /**
   * Other networks for the same task, whose adversarial images are tried on this one. Without any, the transfer check does
   * not run.
   */
  surrogates?: readonly Classifier[];
  /** Called with the number of finished checks and the total. */
  onProgress?: (done: number, total: number) => void;
}

/** The radius, and how thorough the search for masking is. */
export interface MaskingOptions extends MaskingSearch {
  /** L∞ radius at which robustness is claimed, in units of pixels. */
  epsilon: number;
}

/** The radii, and how thorough the search for masking is. */
export interface MaskingSweepOptions extends MaskingSearch {
  /** L∞ radii at which robustness is claimed, in units of pixels. */
  epsilons: readonly number[];
}

/**
 * Whether a robust accuracy is believable:
 *
 * - `believable`: no check raises doubt;
 * - `suspicious`: a check is beyond its threshold, and so is its whole 95 % interval;
 * - `undecided`: a check is beyond its threshold, but its interval is not: more images would decide;
 * - `not applicable`: the accuracy under PGD is below 5 %, or PGD could not run: there is no robustness to check.
 */
export type MaskingVerdict = 'believable' | 'suspicious' | 'undecided' | 'not applicable';

/** The results of all checks at one radius, and the verdict. */
export interface MaskingReport {
  /** The L∞ radius, in units of pixels. */
  readonly epsilon: number;
  /** Number of images. */
  readonly count: number;
  /** Accuracy under PGD, as a share of the images; null if PGD could not run. */
  readonly pgdAccuracy: number | null;
  /** Its 95 % interval over test images (Wilson's). */
  readonly pgdAccuracyInterval: MaskingInterval | null;
  /** In the order of their numbers; those that did not run say why. */
  readonly checks: readonly CheckedMasking[];
  /** The verdict on the accuracy at this radius. */
  readonly verdict: MaskingVerdict;
  /** Why, in a sentence. */
  readonly reason: string;
}

/** Below this accuracy under PGD there is no robustness to check. */
const LEAST_ACCURACY = 0.05;

/**
 * Checks for gradient masking: signs that a classifier seems robust at a radius only because attacks on it fail, such as
 * vanishing gradients, attacks that get weaker where they should get stronger, and black boxes that beat white boxes.
 *
 * A sign is not a proof, and neither is the absence of signs; but a robustness curve with a sign should not be believed. A
 * check raises doubt only if the 95 % interval of its value, over test images, is beyond its threshold.
 *
 * @param images `[batch, height, width, channels]`, about 100 test images: one percentage point is one image of a hundred.
 * @param labels [batch], int32
 * @throws WeightmapError if images, labels or a surrogate do not fit the classifier. A check that fails is reported as `not
 *   run`, and NaN in a gradient is a finding.
 * Source: Athalye, Carlini & Wagner, arXiv:1802.00420; Carlini et al., “On evaluating adversarial robustness”,
 * arXiv:1902.06705; the thresholds are this project's.
 */
export function maskingReport(
  classifier: Classifier,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
  { epsilon, ...search }: MaskingOptions,
): MaskingReport {
  return maskingReports(classifier, images, labels, { ...search, epsilons: [epsilon] })[0];
}

/**
 * Checks for gradient masking as `maskingReport` does, at several radii. Checks that do not depend on the radius run once.
 *
 * @returns a report for each radius, in order; each equals that of `maskingReport` at this radius.
 * @throws WeightmapError as `maskingReport`.
 */
export function maskingReports(
  classifier: Classifier,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
  { epsilons, seed, steps = 40, queries = 1000, surrogates = [], onProgress }: MaskingSweepOptions,
): MaskingReport[] {
  const radii = checkStrengths(epsilons);
  const checked = checkInputs({ id: 'masking', targeted: false }, classifier, { images, labels });
  try {
    surrogates.forEach((surrogate, i) => checkSurrogate(classifier, surrogate, i));
    const probe = openProbe({ classifier, ...checked.batch, epsilon: 0, seed, steps, queries, surrogates });
    const total = radii.length * maskingChecks.length;
    const known = new Map<MaskingCheck, Finding>();
    const reports = radii.map((epsilon, turn) =>
      reportAt({ ...probe, epsilon }, known, (done) =>
        onProgress?.(turn * maskingChecks.length + done, total),
      ),
    );
    onProgress?.(total, total);
    return reports;
  } finally {
    checked.dispose();
  }
}

function reportAt(
  probe: Probe,
  known: Map<MaskingCheck, Finding>,
  onProgress: (done: number) => void,
): MaskingReport {
  const { epsilon, count } = probe;
  const accuracy = orFailure(() => 1 - shareOf(probe.fooled('pgd', () => probe.pgd(), epsilon)));
  const isBroken = typeof accuracy === 'number' && accuracy < LEAST_ACCURACY;
  const checks = maskingChecks.map((check, i) => {
    onProgress(i);
    if (isBroken) {
      const because = `the accuracy under PGD is below ${100 * LEAST_ACCURACY} %`;
      return judgeFinding(check, { value: null, because }, count);
    }
    let finding = known.get(check);
    if (!finding) {
      const measured = orFailure(() => check.measure(probe));
      finding = measured instanceof WeightmapError ? { value: null, because: measured.message } : measured;
      if (check.once) known.set(check, finding);
    }
    return judgeFinding(check, finding, count);
  });
  const pgdAccuracy = typeof accuracy === 'number' ? accuracy : null;
  return {
    epsilon,
    count,
    pgdAccuracy,
    checks,
    pgdAccuracyInterval: pgdAccuracy === null ? null : wilsonInterval(pgdAccuracy, count),
    ...judge({ epsilon, count, accuracy, checks }),
  };
}

/** The result, or the WeightmapError that was thrown: a check that fails does not stop the others. */
function orFailure<T>(compute: () => T): T | WeightmapError {
  try {
    return compute();
  } catch (error) {
    if (error instanceof WeightmapError) return error;
    throw error;
  }
}

function judge({
  epsilon,
  count,
  accuracy,
  checks,
}: Pick<MaskingReport, 'epsilon' | 'count' | 'checks'> & {
  accuracy: number | WeightmapError;
}): Pick<MaskingReport, 'verdict' | 'reason'> {
  const of = (verdict: CheckedMasking['verdict']) => checks.filter((check) => check.verdict === verdict);
  const [flagged, undecided, left] = [of('flagged'), of('undecided'), of('not run')];
  const names = (some: readonly CheckedMasking[]) => some.map(({ id }) => id).join(', ');
  const run = checks.length - left.length;
  if (typeof accuracy === 'number' && accuracy < LEAST_ACCURACY)
    return {
      verdict: 'not applicable',
      reason: `The accuracy under PGD is ${percent(accuracy)} at ε = ${epsilon}: there is no robustness to check.`,
    };
  if (flagged.length > 0)
    return {
      verdict: 'suspicious',
      reason: `${flagged.length} of ${run} checks raise doubt: ${names(flagged)}.`,
    };
  if (typeof accuracy !== 'number')
    return { verdict: 'not applicable', reason: `PGD could not run: ${accuracy.message}` };
  if (undecided.length > 0) {
    const needed = undecided.map(({ imagesNeeded }) => imagesNeeded);
    const most = needed.every((n) => n !== null) ? Math.max(...needed) : null;
    return {
      verdict: 'undecided',
      reason: `Beyond the threshold, but not significantly for ${count} images: ${names(undecided)}. ${
        most === null ? 'No number of images would decide.' : `About ${most} images would decide.`
      }`,
    };
  }
  return {
    verdict: 'believable',
    reason: [
      `${run} checks found no sign of masking.`,
      ...(left.length > 0
        ? [`Not run: ${left.map(({ id, because }) => `${id} (${because})`).join(', ')}.`]
        : []),
    ].join(' '),
  };
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

/** @throws WeightmapError if another network is not for the same task. */
function checkSurrogate(classifier: Classifier, surrogate: Classifier, place: number): void {
  checkClassifier(surrogate);
  const taskOf = ({ inputShape, bounds, classes }: Classifier) =>
    `images [${inputShape.join(', ')}] of pixels ${bounds.join(' … ')}, ${classes} classes`;
  // Bounds are the same where float32 has them as the same.
  const rounded = (one: Classifier) =>
    taskOf({ ...one, bounds: one.bounds.map(Math.fround) as [number, number] });
  if (rounded(surrogate) === rounded(classifier)) return;
  throw new WeightmapError('A surrogate is not for the task of the classifier.', {
    where: `surrogate ${place}: ${taskOf(surrogate)}`,
    expected: taskOf(classifier),
  });
}
