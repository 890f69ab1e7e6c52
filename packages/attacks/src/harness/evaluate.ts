import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type Attack, type AttackMethod } from '@weightmap/core';
import { checkInputs, checkOutputs, checkRandom, checkStrengths } from './_inputs.js';
import { checkShape, confinement, infoOf, judge } from './_judge.js';
import { watch } from './_victim.js';

/**
 * Makes an attack from a method, and checks everything that the method does: it validates the input, clips the result to
 * the norm's ball and to the classifier's bounds, counts the images that pass through the classifier, and classifies the
 * result itself.
 *
 * The sizes of the changes (`linf`, `l2`, `l1`, `l0`) are measured after clipping; in float32 they may exceed the strength
 * by a rounding error of the pixels. An image that is misclassified without an attack counts as misclassified. All tensors
 * are freed except `adversarial` of each outcome.
 *
 * `run` throws a WeightmapError if
 * - the classifier has fewer classes than the method's `leastClasses`,
 * - images, labels and classifier do not fit together, a pixel is out of bounds, or a label is not a class,
 * - there are targets and the method does not support them, or a target is not a class or is the image's own label,
 * - there is no strength, or a strength is negative or not finite,
 * - the method returns another number of results, other shapes, or values that are not finite,
 * - the classifier gives probabilities instead of logits, or logits or gradients that are not finite.
 */
export function judged(method: AttackMethod): Attack {
  const confine = confinement(method.norm);
  return {
    ...infoOf(method),
    run(classifier, givenImages, labels, given) {
      const { targets, ...options } = { ...given, strengths: checkStrengths(given?.strengths) };
      checkRandom(options.random);
      const { strengths } = options;
      const checked = checkInputs(method, classifier, {
        images: givenImages,
        labels,
        ...(targets && { targets }),
      });
      try {
        const { batch, truth } = checked;
        const { images } = batch;
        checkOutputs(classifier, images);
        const { victim, cost, check, dispose } = watch(classifier);
        const confined = tf.tidy(() => {
          try {
            const results = method.perturb(victim, batch, options);
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
      } finally {
        checked.dispose();
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
