import * as tf from '@tensorflow/tfjs';
import {
  predictClasses,
  WeightmapError,
  type Attack,
  type AttackInfo,
  type AttackMethod,
  type AttackOutcome,
  type Classifier,
} from '@weightmap/core';
import { allFinite } from './_cross-entropy.js';
import { checkInputs } from './_inputs.js';
import { norms } from './_norms.js';

/**
 * Makes an attack of a method, and takes nothing on trust: it checks what goes in, clips what comes out to the
 * norm's ball and to the classifier's bounds, and asks the classifier itself whether it was fooled.
 *
 * The changes reported, `linf` and `l2`, are measured after the clipping; in float32 they may pass the strength by
 * a rounding error of the pixels. An image misclassified from the start counts as misclassified. Of all the tensors made
 * on the way only each outcome's `adversarial` survives.
 *
 * `run` throws a WeightmapError if
 * - images, labels and classifier don't fit each other, a pixel lies outside the bounds or a label is no class,
 * - there is no strength, or one is negative or not finite,
 * - the method gives another number of results or other shapes than it was asked for, or values that are not finite,
 * - the classifier gives logits that are not finite.
 */
export function judged(method: AttackMethod): Attack {
  return {
    ...infoOf(method),
    run(classifier, images, labels, options) {
      const { strengths } = options;
      const truth = checkInputs(classifier, images, labels, strengths);
      const adversarial = tf.tidy(() => {
        const results = method.perturb(classifier, images, labels, options);
        checkResults(method, images, strengths, results);
        return results.map((result, i) => confine(method, classifier, images, result, strengths[i]));
      });
      try {
        return adversarial.map((x, i) => judge(classifier, images, x, truth, strengths[i]));
      } catch (error) {
        tf.dispose(adversarial);
        throw error;
      }
    },
  };
}

const infoOf = ({ id, label, strength, norm, usesGradient, source }: AttackMethod): AttackInfo => ({
  id,
  label,
  strength,
  norm,
  usesGradient,
  source,
});

function checkResults(
  { id }: AttackMethod,
  images: tf.Tensor4D,
  strengths: readonly number[],
  results: tf.Tensor4D[],
): void {
  if (results.length !== strengths.length)
    throw new WeightmapError(`The attack ${id} gave ${results.length} results.`, {
      expected: `one for each of the ${strengths.length} strengths`,
    });
  results.forEach((result, i) => {
    const where = `attack ${id}, strength ${strengths[i]}`;
    if (result.shape.join() !== images.shape.join())
      throw new WeightmapError(`An attack changed the shape of the images to [${result.shape.join(', ')}].`, {
        where,
        expected: `[${images.shape.join(', ')}]`,
      });
    if (!allFinite(result))
      throw new WeightmapError('An attack gave pixels that are NaN or infinite.', { where });
  });
}

/** A new tensor, within the ball and the bounds. The box last: moving towards the image's own box never leaves the ball. */
function confine(
  { norm }: AttackMethod,
  { bounds }: Classifier,
  images: tf.Tensor4D,
  result: tf.Tensor4D,
  strength: number,
): tf.Tensor4D {
  const inBall: tf.Tensor4D = norm ? norms[norm].project(result, images, strength) : result;
  return inBall.clipByValue(...bounds) as tf.Tensor4D;
}

function judge(
  classifier: Classifier,
  images: tf.Tensor4D,
  adversarial: tf.Tensor4D,
  truth: ArrayLike<number>,
  strength: number,
): AttackOutcome {
  const predicted = predictClasses(classifier, adversarial);
  const [linf, l2] = tf.tidy(() => {
    const changes = adversarial.sub<tf.Tensor4D>(images);
    return [norms.linf, norms.l2].map((norm) => norm.length(changes).dataSync<'float32'>());
  });
  return {
    strength,
    adversarial,
    predicted,
    misclassified: Uint8Array.from(predicted, (guess, i) => Number(guess !== truth[i])),
    linf,
    l2,
  };
}
