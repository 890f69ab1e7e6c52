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
import { allFinite, isTrue } from './_finite.js';
import { checkInputs } from './_inputs.js';
import { norms } from './_norms.js';
import { perClassifier } from './_per-classifier.js';

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
  const confine = confinement(method);
  return {
    ...infoOf(method),
    run(classifier, images, labels, options) {
      const { strengths } = options;
      const truth = checkInputs(classifier, images, labels, strengths);
      const confined = tf.tidy(() => {
        const results = method.perturb(classifier, images, labels, options);
        checkShapes(method, images, strengths, results);
        return results.map((result, i) =>
          confine(classifier)({ images, result, strength: tf.scalar(strengths[i]) }),
        );
      });
      try {
        return confined.map((result, i) => judge(method, classifier, result, truth, strengths[i]));
      } catch (error) {
        tf.dispose(confined);
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

function checkShapes(
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
    if (result.shape.join() !== images.shape.join())
      throw new WeightmapError(`An attack changed the shape of the images to [${result.shape.join(', ')}].`, {
        where: `attack ${id}, strength ${strengths[i]}`,
        expected: `[${images.shape.join(', ')}]`,
      });
  });
}

interface Perturbed {
  readonly [name: string]: tf.Tensor;
  readonly images: tf.Tensor4D;
  readonly result: tf.Tensor4D;
  readonly strength: tf.Scalar;
}

/** What becomes of a method's result. */
interface Confined {
  readonly [name: string]: tf.Tensor;
  /** Within the ball and the bounds. */
  readonly adversarial: tf.Tensor4D;
  /** [batch], the change's lengths. */
  readonly linf: tf.Tensor1D;
  readonly l2: tf.Tensor1D;
  /** Whether all of the result was. */
  readonly finite: tf.Scalar;
}

/** The box comes last: moving towards the image's own box never leaves the ball. */
const confinement = ({ norm }: AttackMethod) =>
  perClassifier(({ bounds }) => ({ images, result, strength }: Perturbed): Confined => {
    const inBall: tf.Tensor4D = norm ? norms[norm].project(result, images, strength) : result;
    const adversarial = inBall.clipByValue(...bounds) as tf.Tensor4D;
    const changes = adversarial.sub<tf.Tensor4D>(images);
    return {
      adversarial,
      linf: norms.linf.length(changes),
      l2: norms.l2.length(changes),
      finite: allFinite(result),
    };
  });

/** Frees all but the adversarial images. */
function judge(
  { id }: AttackMethod,
  classifier: Classifier,
  { adversarial, linf, l2, finite }: Confined,
  truth: ArrayLike<number>,
  strength: number,
): AttackOutcome {
  if (!isTrue(finite))
    throw new WeightmapError('An attack gave pixels that are NaN or infinite.', {
      where: `attack ${id}, strength ${strength}`,
    });
  const predicted = predictClasses(classifier, adversarial);
  const outcome = {
    strength,
    adversarial,
    predicted,
    misclassified: Uint8Array.from(predicted, (guess, i) => Number(guess !== truth[i])),
    linf: linf.dataSync<'float32'>(),
    l2: l2.dataSync<'float32'>(),
  };
  tf.dispose([linf, l2]);
  return outcome;
}
