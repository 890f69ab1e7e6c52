import * as tf from '@tensorflow/tfjs';
import { losses } from '@weightmap/attacks';
import { batchesOf, type Classifier, type ImageSet, type Rejection } from '@weightmap/core';
import { suspicionsOf, thresholdOver } from '@weightmap/defenses';

/** Shares of clean validation images that thresholds reject. 0.05 and 0.5 are those of SR@5 and SR@50. */
export const FALSE_POSITIVES: readonly number[] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/**
 * Scores images: for each one its suspicion where it is classified wrongly, whether it is accepted or not; null where it is classified
 * rightly.
 *
 * @param labels [batch], int32.
 */
export type Score = (images: tf.Tensor4D, labels: tf.Tensor1D) => (number | null)[];

type Suspicion = Rejection['suspicion'];

/**
 * How suspicious a network finds images. Where the defence has a class that abstains and no threshold, that is how far the class's logit
 * is ahead of the largest answer's.
 *
 * @returns null for a network that never abstains.
 */
export function suspicionOf(classifier: Classifier, rejection: Rejection | undefined): Suspicion | null {
  const { answers = classifier.classes } = classifier;
  if (answers === classifier.classes) return null;
  if (rejection) return rejection.suspicion;
  return (images) =>
    tf.tidy(() => {
      const labels = tf.zeros<tf.Rank.R1>([images.shape[0]], 'int32');
      return losses.suspicion.of(classifier.logits(images), labels, labels, answers);
    });
}

/** Makes the function that scores the images of a network. */
export const scorer =
  (classifier: Classifier, suspicion: Suspicion): Score =>
  (images, labels) => {
    const { answers = classifier.classes } = classifier;
    const [wrong, values] = tf.tidy(() => {
      const guesses = classifier.logits(images).slice([0, 0], [-1, answers]).argMax(1);
      return [guesses.notEqual(labels).dataSync(), suspicion(images).dataSync()];
    });
    return Array.from(wrong, (isWrong, i) => (isWrong ? values[i] : null));
  };

/** How a network that may abstain judges clean images. */
export interface CleanScores {
  /** Clean validation images that the thresholds are set on. */
  readonly validationImages: number;
  /** One for each of `FALSE_POSITIVES`. */
  readonly thresholds: readonly number[];
  /** Suspicion of each attacked image before the attack. */
  readonly suspicion: readonly number[];
  /** As `scorer` gives them: that of the images which are classified wrongly without an attack. */
  readonly wrong: readonly (number | null)[];
}

/** Sets the thresholds on validation images, and scores clean test images. */
export function cleanScores(
  classifier: Classifier,
  suspicion: Suspicion,
  {
    validation,
    test,
    score,
  }: { readonly validation: ImageSet; readonly test: ImageSet; readonly score: Score },
): CleanScores {
  const known = suspicionsOf(suspicion, validation, classifier);
  const wrong: (number | null)[] = [];
  for (const { images, labels } of batchesOf(test, 250, classifier)) wrong.push(...score(images, labels));
  return {
    validationImages: known.length,
    thresholds: FALSE_POSITIVES.map((rate) => thresholdOver(known, rate)),
    suspicion: suspicionsOf(suspicion, test, classifier),
    wrong,
  };
}
