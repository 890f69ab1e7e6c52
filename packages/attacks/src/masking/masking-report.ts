import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from '@weightmap/core';
import { checkInputs } from '../_inputs.js';
import { judgeFinding, type CheckedMasking, type MaskingCheck } from './check.js';
import {
  blackBoxStronger,
  lossesDisagree,
  noiseOrTransferFools,
  unboundedFails,
} from './_comparison-checks.js';
import { finiteDifferences, unchangedByFgsm, uselessGradients } from './_gradient-checks.js';
import { probabilities, randomised, temperature } from './_output-checks.js';
import { openProbe } from './_probe.js';
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
  noiseOrTransferFools,
  fooledOnTheWay,
  finiteDifferences,
  temperature,
];

/** At which radius, and how thoroughly, to look for masking. */
export interface MaskingOptions {
  /** L∞ radius that robustness is claimed at, in units of pixels. */
  epsilon: number;
  /** Where every random number comes from. */
  seed: number;
  /** Gradient steps of PGD. */
  steps?: number;
  /** Queries an image of the Square attack. */
  queries?: number;
  /** Other networks for the same task, whose adversarial images are tried on this one. */
  surrogates?: readonly Classifier[];
  /** Counts checks. */
  onProgress?: (done: number, total: number) => void;
}

/** What the checks found, all of them, and what follows. */
export interface MaskingReport {
  /** The L∞ radius looked at, in units of pixels. */
  readonly epsilon: number;
  /** Images looked at. */
  readonly count: number;
  /** In the order of their numbers; those that don’t apply say why. */
  readonly checks: readonly CheckedMasking[];
  /** Whether a robustness curve of this classifier may be believed: no check raises doubt. */
  readonly believable: boolean;
}

/**
 * Looks for signs that a classifier seems robust only because attacks on it fail: gradients that vanish, attacks that get
 * weaker where they should get stronger, black boxes that beat white boxes.
 *
 * A sign is no proof, and no sign is none either; but a robustness curve with one should not be believed.
 *
 * @param images [batch, height, width, channels], some 100 test images: a point is one image of a hundred.
 * @param labels [batch], int32
 * @throws WeightmapError as attacks do, NaN in a gradient excepted: that is a finding.
 * Source: Athalye, Carlini & Wagner, arXiv:1802.00420; Carlini et al., “On evaluating adversarial robustness”,
 * arXiv:1902.06705; the thresholds are this project's.
 */
export function maskingReport(
  classifier: Classifier,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
  { epsilon, seed, steps = 40, queries = 1000, surrogates = [], onProgress }: MaskingOptions,
): MaskingReport {
  checkInputs({ id: 'masking', targeted: false }, classifier, images, labels, undefined);
  const probe = openProbe({ classifier, images, labels, epsilon, seed, steps, queries, surrogates });
  const checks = maskingChecks.map((check, i) => {
    onProgress?.(i, maskingChecks.length);
    return judgeFinding(check, check.measure(probe));
  });
  onProgress?.(maskingChecks.length, maskingChecks.length);
  const believable = !checks.some(({ verdict }) => verdict === 'flagged');
  return { epsilon, count: probe.count, checks, believable };
}
