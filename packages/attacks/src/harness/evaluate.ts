import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type Attack, type AttackMethod } from '@weightmap/core';
import { checkInputs, checkOutputs, checkStrengths } from './_inputs.js';
import { checkShape, confinement, infoOf, judge } from './_judge.js';
import { watch } from './_victim.js';

/**
 * Makes an attack of a method, and takes nothing on trust: it checks what goes in, clips what comes out to the
 * norm's ball and to the classifier's bounds, counts what passes through the classifier on the way, and asks the
 * classifier itself whether it was fooled.
 *
 * The changes reported (`linf`, `l2`, `l1`, `l0`) are measured after the clipping; in float32 they may pass the strength
 * by a rounding error of the pixels. An image misclassified from the start counts as misclassified. Of all the tensors
 * made on the way only each outcome's `adversarial` survives.
 *
 * `run` throws a WeightmapError if
 * - the classifier has fewer classes than the method's `leastClasses`,
 * - images, labels and classifier don't fit each other, a pixel lies outside the bounds or a label is no class,
 * - there are targets and the method can't aim, or one is no class or the image's own label,
 * - there is no strength, or one is negative or not finite,
 * - the method gives another number of results or other shapes than it was asked for, or values that are not finite,
 * - the classifier gives probabilities instead of logits, or logits or gradients that are not finite.
 */
export function judged(method: AttackMethod): Attack {
  const confine = confinement(method.norm);
  return {
    ...infoOf(method),
    run(classifier, images, labels, options) {
      const { strengths, targets } = options;
      checkStrengths(strengths);
      const truth = checkInputs(method, classifier, images, labels, targets);
      checkOutputs(classifier, images);
      const { victim, cost, check, dispose } = watch(classifier);
      const confined = tf.tidy(() => {
        try {
          const results = method.perturb(victim, images, labels, options);
          check();
          checkResults(method, images, strengths, results);
          return results.map((result, i) =>
            confine(classifier)({ images, result, strength: tf.scalar(strengths[i]) }),
          );
        } finally {
          dispose();
        }
      });
      try {
        return confined.map((result, i) => ({
          strength: strengths[i],
          adversarial: result.adversarial,
          ...judge(method, classifier, result, truth, strengths[i]),
          cost: cost(),
        }));
      } catch (error) {
        tf.dispose(confined);
        throw error;
      }
    },
  };
}

function checkResults(
  method: AttackMethod,
  images: tf.Tensor4D,
  strengths: readonly number[],
  results: tf.Tensor4D[],
): void {
  if (results.length !== strengths.length)
    throw new WeightmapError(`The attack ${method.id} gave ${results.length} results.`, {
      expected: `one for each of the ${strengths.length} strengths`,
    });
  results.forEach((result, i) => checkShape(method, images, result, strengths[i]));
}
