import * as tf from '@tensorflow/tfjs';
import {
  predictClasses,
  type AimOptions,
  type AttackBatch,
  type AttackCost,
  type Classifier,
  type MinimalAttack,
  type MinimalMethod,
} from '@weightmap/core';
import { checkInputs, checkOutputs, checkRandom, checkStrengths, type CheckedBatch } from './_inputs.js';
import { checkShape, confinement, infoOf, judge, verdictOn, type Verdict } from './_judge.js';
import { watch } from './_victim.js';

/**
 * Makes an attack from a method that searches for the nearest adversarial image, and checks everything that the method does:
 * it validates the input, clips the result to the bounds, classifies it, and measures its distance. If the clean image
 * already succeeds, it is the result, at distance 0; if nothing succeeds, the clean image is the result, at distance Infinity.
 *
 * `run` searches once for all strengths. For each strength it gives the images found within it (up to a rounding error of
 * 1e-6, relative above 1), and the clean images elsewhere.
 *
 * Both methods throw a WeightmapError in the same cases as `judged`.
 */
export function judgedMinimal(method: MinimalMethod): MinimalAttack {
  const confine = confinement(null);

  function search(
    classifier: Classifier,
    { batch, truth }: CheckedBatch,
    options: Omit<AimOptions, 'targets'>,
  ): Search {
    const { images } = batch;
    checkOutputs(classifier, images);
    const clean = verdictOn(predictClasses(classifier, images), truth, classifier.answers);
    const { victim, cost, check, dispose } = watch(classifier);
    const confined = tf.tidy(() => {
      try {
        const result = method.nearest(victim, batch, options);
        check();
        checkShape(method, images, result);
        return confine(classifier)({ images, result, strength: tf.scalar(0) });
      } finally {
        dispose();
      }
    });
    try {
      const found = judge(method, classifier, confined, truth);
      const distance = Float32Array.from(found[method.norm], (length, i) => {
        if (clean.succeeded[i]) return 0;
        return found.succeeded[i] ? length : Infinity;
      });
      return { found: confined.adversarial, verdict: found, clean, distance, cost: cost() };
    } catch (error) {
      tf.dispose(confined);
      throw error;
    }
  }

  /** Searches on a checked batch, and passes the result on. */
  function searched<Result>(
    classifier: Classifier,
    given: AttackBatch,
    options: AimOptions,
    use: (result: Search, images: tf.Tensor4D) => Result,
  ): Result {
    checkRandom(options?.random);
    const checked = checkInputs(method, classifier, given);
    try {
      const { targets: _, ...rest } = options;
      const result = search(classifier, checked, rest);
      try {
        return use(result, checked.batch.images);
      } finally {
        result.found.dispose();
      }
    } finally {
      checked.dispose();
    }
  }

  const batchOf = (
    images: tf.Tensor4D,
    labels: tf.Tensor1D,
    options: AimOptions | undefined,
  ): AttackBatch => ({
    images,
    labels,
    ...(options?.targets && { targets: options.targets }),
  });

  return {
    ...infoOf(method),
    run(classifier, images, labels, options) {
      const strengths = checkStrengths(options?.strengths);
      return searched(classifier, batchOf(images, labels, options), options, (result, clean) =>
        strengths.map((strength) => ({ strength, ...within(clean, result, strength), cost: result.cost })),
      );
    },
    minimize: (classifier, images, labels, options) =>
      searched(classifier, batchOf(images, labels, options), options, (result, clean) => {
        const { distance, cost } = result;
        return { ...within(clean, result, Number.MAX_VALUE), distance, cost };
      }),
  };
}

interface Search {
  readonly found: tf.Tensor4D;
  /** On the images found. */
  readonly verdict: Verdict;
  readonly clean: Pick<Verdict, 'predicted' | 'misclassified' | 'succeeded'>;
  readonly distance: Float32Array;
  readonly cost: AttackCost;
}

/** The images found within a distance, and the clean images elsewhere. */
function within(images: tf.Tensor4D, { found, verdict, clean, distance }: Search, strength: number) {
  const reach = strength + 1e-6 * Math.max(1, strength);
  const changed = Uint8Array.from(distance, (length) =>
    Number(length > 0 && Number.isFinite(length) && length <= reach),
  );
  const choose = <Values extends Uint8Array | Int32Array>(yes: Values, no: Values): Values =>
    no.map((value, i) => (changed[i] ? yes[i] : value)) as Values;
  const zeroed = (values: Float32Array) => values.map((value, i) => (changed[i] ? value : 0));
  return {
    adversarial: tf.tidy(() => {
      const mask = tf.tensor(changed, [changed.length, 1, 1, 1], 'bool');
      return tf.where<tf.Tensor4D>(mask, found, images);
    }),
    predicted: choose(verdict.predicted, clean.predicted),
    misclassified: choose(verdict.misclassified, clean.misclassified),
    succeeded: choose(verdict.succeeded, clean.succeeded),
    linf: zeroed(verdict.linf),
    l2: zeroed(verdict.l2),
    l1: zeroed(verdict.l1),
    l0: zeroed(verdict.l0),
  };
}
