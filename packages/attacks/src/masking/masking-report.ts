import type * as tf from '@tensorflow/tfjs';
import { WeightmapError, wilsonInterval, type Classifier } from '@weightmap/core';
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

/** All checks, by their numbers. */
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

/** How thoroughly to look for masking. */
export interface MaskingSearch {
  /** Where every random number comes from. */
  seed: number;
  /** Gradient steps of PGD. */
  steps?: number;
  /** Queries an image of the Square attack. */
  queries?: number;
  /**
   * Other networks for the same task, whose adversarial images are tried on this one. Without any, the check of transfer
   * does not run.
   */
  surrogates?: readonly Classifier[];
  /** Counts checks. */
  onProgress?: (done: number, total: number) => void;
}

/** At which radius, and how thoroughly, to look for masking. */
export interface MaskingOptions extends MaskingSearch {
  /** L∞ radius that robustness is claimed at, in units of pixels. */
  epsilon: number;
}

/** At which radii, and how thoroughly, to look for masking. */
export interface MaskingSweepOptions extends MaskingSearch {
  /** L∞ radii that robustness is claimed at, in units of pixels. */
  epsilons: readonly number[];
}

/**
 * Whether a robust accuracy may be believed:
 *
 * - `believable`: no check raises doubt;
 * - `suspicious`: a check is beyond its limit by more than the noise of the images;
 * - `undecided`: a check is beyond its limit, but within the noise: more images would decide;
 * - `not applicable`: PGD leaves less than 5 % of the images rightly classified, or could not run: there is no
 *   robustness to believe or to doubt.
 */
export type MaskingVerdict = 'believable' | 'suspicious' | 'undecided' | 'not applicable';

/** What the checks found at one radius, and what follows. */
export interface MaskingReport {
  /** The L∞ radius looked at, in units of pixels. */
  readonly epsilon: number;
  /** Images looked at. */
  readonly count: number;
  /** Share of the images that are rightly classified under PGD; null where PGD could not run. */
  readonly pgdAccuracy: number | null;
  /** Its 95 % interval over test images (Wilson's). */
  readonly pgdAccuracyInterval: MaskingInterval | null;
  /** In the order of their numbers; those that did not run say why. */
  readonly checks: readonly CheckedMasking[];
  /** What follows for the accuracy at this radius. */
  readonly verdict: MaskingVerdict;
  /** Why, in a sentence. */
  readonly reason: string;
  /** Whether the verdict is `believable`. */
  readonly believable: boolean;
}

/** With less than this share of the images left by PGD there is no robustness to doubt. */
const LEAST_ACCURACY = 0.05;

/**
 * Looks for signs that a classifier seems robust at a radius only because attacks on it fail: gradients that vanish,
 * attacks that get weaker where they should get stronger, black boxes that beat white boxes.
 *
 * A sign is no proof, and no sign is none either; but a robustness curve with one should not be believed. A check raises
 * doubt only if the 95 % interval of its value, over test images, is beyond its limit.
 *
 * @param images [batch, height, width, channels], some 100 test images: a point is one image of a hundred.
 * @param labels [batch], int32
 * @throws WeightmapError if images, labels or a surrogate don't fit the classifier. A check that fails is reported as not
 *   run, and NaN in a gradient is a finding.
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
 * Looks for signs of masking as `maskingReport` does, at several radii. What is the same at all of them is computed once.
 *
 * @returns a report for each radius, in their order; each is that of `maskingReport` at this radius alone.
 * @throws WeightmapError as `maskingReport`.
 */
export function maskingReports(
  classifier: Classifier,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
  { epsilons, seed, steps = 40, queries = 1000, surrogates = [], onProgress }: MaskingSweepOptions,
): MaskingReport[] {
  checkInputs({ id: 'masking', targeted: false }, classifier, { images, labels });
  checkStrengths(epsilons);
  surrogates.forEach((surrogate, i) => checkSurrogate(classifier, surrogate, i));
  const probe = openProbe({ classifier, images, labels, epsilon: 0, seed, steps, queries, surrogates });
  const total = epsilons.length * maskingChecks.length;
  const known = new Map<MaskingCheck, Finding>();
  const reports = epsilons.map((epsilon, turn) =>
    reportAt({ ...probe, epsilon }, known, (done) => onProgress?.(turn * maskingChecks.length + done, total)),
  );
  onProgress?.(total, total);
  return reports;
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
      const because = `PGD leaves less than ${100 * LEAST_ACCURACY} % of the images`;
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
  const judgement = judge({ epsilon, count, accuracy, checks });
  return {
    ...{ epsilon, count, pgdAccuracy, checks },
    pgdAccuracyInterval: pgdAccuracy === null ? null : wilsonInterval(pgdAccuracy, count),
    ...judgement,
    believable: judgement.verdict === 'believable',
  };
}

/** The result, or the error if it is one of ours: a check that can't be made doesn't end the others. */
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
      reason: `PGD leaves ${percent(accuracy)} of the images rightly classified at ε = ${epsilon}: there is no robustness to doubt.`,
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
      reason: `Beyond the limit, but within the noise of ${count} images: ${names(undecided)}. ${
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

/** @throws WeightmapError if another network isn't for the same task. */
function checkSurrogate(classifier: Classifier, surrogate: Classifier, place: number): void {
  const taskOf = ({ inputShape, bounds, classes }: Classifier) =>
    `images [${inputShape.join(', ')}] of pixels ${bounds.join(' … ')}, ${classes} classes`;
  if (taskOf(surrogate) === taskOf(classifier)) return;
  throw new WeightmapError('A surrogate is not for the task of the classifier.', {
    where: `surrogate ${place}: ${taskOf(surrogate)}`,
    expected: taskOf(classifier),
  });
}
