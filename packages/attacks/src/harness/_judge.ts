import * as tf from '@tensorflow/tfjs';
import {
  compiledSteps,
  predictClasses,
  WeightmapError,
  type AttackInfo,
  type Classifier,
} from '@weightmap/core';
import type { Truth } from './_inputs.js';
import { lengths, norms } from './_norms.js';
import { allFinite } from './_victim.js';

interface Perturbed {
  readonly [name: string]: tf.Tensor;
  readonly images: tf.Tensor4D;
  readonly result: tf.Tensor4D;
  /** The radius of the ball. */
  readonly strength: tf.Scalar;
}

/** The result of a method after clipping, with the size of its changes. */
export interface Confined {
  readonly [name: string]: tf.Tensor;
  /** Within the ball and the bounds. */
  readonly adversarial: tf.Tensor4D;
  /** [batch] each: the lengths of the changes. */
  readonly linf: tf.Tensor1D;
  readonly l2: tf.Tensor1D;
  readonly l1: tf.Tensor1D;
  readonly l0: tf.Tensor1D;
  /** Whether every value was finite before clipping. */
  readonly finite: tf.Scalar;
}

/**
 * Makes a function that clips results to a norm's ball and to a classifier's bounds.
 *
 * The bounds are applied last: moving a pixel towards the bounds, which contain the image, never leaves the ball.
 */
export function confinement(norm: keyof typeof norms | null) {
  const steps = compiledSteps<Perturbed, Confined>();
  const clip =
    ({ bounds }: Classifier) =>
    ({ images, result, strength }: Perturbed): Confined => {
      const inBall: tf.Tensor4D = norm ? norms[norm].project(result, images, strength) : result;
      const adversarial = inBall.clipByValue(...bounds) as tf.Tensor4D;
      const changes = adversarial.sub<tf.Tensor4D>(images);
      return {
        adversarial,
        linf: lengths.linf.length(changes),
        l2: lengths.l2.length(changes),
        l1: lengths.l1.length(changes),
        l0: lengths.l0.length(changes),
        finite: allFinite(result),
      };
    };
  return (classifier: Classifier) => steps(classifier, () => clip(classifier));
}

/** The classifier's predictions for adversarial images, and their distances from the clean ones. All [batch]. */
export interface Verdict {
  readonly predicted: Int32Array;
  readonly misclassified: Uint8Array;
  readonly succeeded: Uint8Array;
  readonly linf: Float32Array;
  readonly l2: Float32Array;
  readonly l1: Float32Array;
  readonly l0: Float32Array;
}

/**
 * Classifies the adversarial images. Frees all other tensors of the result.
 *
 * @throws WeightmapError if the result or a logit is not finite.
 */
export function judge(
  info: AttackInfo,
  classifier: Classifier,
  { adversarial, finite, ...measured }: Confined,
  truth: Truth,
  strength?: number,
): Verdict {
  const [isFinite] = finite.dataSync();
  finite.dispose();
  if (!isFinite)
    throw new WeightmapError('An attack gave pixels that are NaN or infinite.', {
      where: placeOf(info, strength),
    });
  const verdict = {
    ...verdictOn(predictClasses(classifier, adversarial), truth, classifier.answers),
    linf: measured.linf.dataSync<'float32'>(),
    l2: measured.l2.dataSync<'float32'>(),
    l1: measured.l1.dataSync<'float32'>(),
    l0: measured.l0.dataSync<'float32'>(),
  };
  tf.dispose(measured);
  return verdict;
}

/** Compares predictions with the labels and targets. Predictions from `answers` on abstain: they are no error. */
export function verdictOn(
  predicted: Int32Array,
  { labels, targets }: Truth,
  answers = Number.POSITIVE_INFINITY,
): Pick<Verdict, 'predicted' | 'misclassified' | 'succeeded'> {
  const flags = (isWanted: (guess: number, i: number) => boolean) =>
    Uint8Array.from(predicted, (guess, i) => Number(isWanted(guess, i)));
  const misclassified = flags((guess, i) => guess !== labels[i] && guess < answers);
  const succeeded = targets ? flags((guess, i) => guess === targets[i]) : misclassified.slice();
  return { predicted, misclassified, succeeded };
}

/** @throws WeightmapError if a method changed the shape of the images. */
export function checkShape(info: AttackInfo, images: tf.Tensor4D, result: tf.Tensor4D, strength?: number) {
  if (result.shape.join() !== images.shape.join())
    throw new WeightmapError(`An attack changed the shape of the images to [${result.shape.join(', ')}].`, {
      where: placeOf(info, strength),
      expected: `[${images.shape.join(', ')}]`,
    });
}

const placeOf = ({ id }: AttackInfo, strength: number | undefined): string =>
  strength === undefined ? `attack ${id}` : `attack ${id}, strength ${strength}`;

/** The description of a method, without its functions. */
export const infoOf = <Info extends AttackInfo>({
  id,
  label,
  kind,
  strengthUnit,
  norm,
  targeted,
  usesGradient,
  leastClasses,
  source,
}: Info) =>
  ({
    id,
    label,
    kind,
    strengthUnit,
    norm,
    targeted,
    usesGradient,
    source,
    ...(leastClasses !== undefined && { leastClasses }),
  }) as Pick<Info, keyof AttackInfo>;
