import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, LossName, VictimModel } from '@weightmap/core';
import { aimed, losses } from './losses.js';

/** The worst images so far: images that fool the classifier before those that do not, then those of larger loss. */
export type Worst = {
  readonly found: tf.Tensor4D;
  /** [rows] */
  readonly foundLoss: tf.Tensor1D;
  /** [rows], 1 or 0 */
  readonly fooled: tf.Tensor1D;
};

/** Images to be compared with the worst so far. */
export interface Candidate {
  readonly images: tf.Tensor4D;
  /** [rows] */
  readonly loss: tf.Tensor1D;
  /** [rows], 1 if the attack has succeeded, from `fools`. */
  readonly hit: tf.Tensor1D;
}

/** The start of a search: nothing found yet. */
export const nothingFound = (images: tf.Tensor4D): Worst => ({
  found: images,
  foundLoss: tf.fill([images.shape[0]], -3e38),
  fooled: tf.zeros([images.shape[0]]),
});

/**
 * Where an attack has succeeded: the prediction is the target or, without targets, differs from the label and is an answer.
 *
 * @param answers classes that count as an answer, the first ones; all by default.
 * @returns [rows], 1 or 0
 */
export function fools(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  targets?: tf.Tensor1D,
  answers = logits.shape[1],
): tf.Tensor1D {
  const predicted = logits.argMax(1);
  const isHit = targets ? predicted.equal(targets) : predicted.notEqual(labels);
  const counts = answers === logits.shape[1] ? isHit : isHit.logicalAnd(predicted.less(answers));
  return counts.cast('float32');
}

/**
 * Passes images through the classifier, to compare them with the worst so far.
 *
 * @param loss without targets.
 * @param logits of the images, if they are known.
 */
export function candidateAt(
  model: VictimModel,
  images: tf.Tensor4D,
  { labels, targets }: Omit<AttackBatch, 'images'>,
  loss: LossName,
  logits = model.logits(images),
): Candidate {
  const each = losses[aimed(loss, targets !== undefined)].of(
    logits,
    labels,
    targets ?? labels,
    model.answers,
  );
  return { images, loss: each, hit: fools(logits, labels, targets, model.answers) };
}

/** Reshapes [rows] to [rows, 1, 1, 1], to combine one value an image with its pixels. */
export const perImage = (values: tf.Tensor1D): tf.Tensor4D => values.reshape([-1, 1, 1, 1]);

/**
 * Keeps, for each image, the worse of the worst image so far and a new candidate.
 *
 * @param options.stop whether the first image that fools the classifier is kept, whatever follows.
 */
export function keepWorst(worst: Worst, candidate: Candidate, options: { stop: boolean }): Worst {
  const { found, foundLoss, fooled } = worst;
  const { images, loss, hit } = candidate;
  const worse = isWorse(worst, candidate, options);
  return {
    found: tf.where(perImage(worse), images, found),
    foundLoss: tf.where(worse, loss, foundLoss),
    fooled: tf.maximum(fooled, hit),
  };
}

/** Where the candidate is worse than the worst image so far, as `keepWorst` decides it. @returns [rows], bool */
export function isWorse(
  { foundLoss, fooled }: Omit<Worst, 'found'>,
  { loss, hit }: Omit<Candidate, 'images'>,
  { stop }: { stop: boolean },
): tf.Tensor1D {
  const isLarger = loss.greater(foundLoss);
  return stop
    ? fooled.equal(0).logicalAnd(hit.greater(0).logicalOr(isLarger))
    : hit.greater(fooled).logicalOr(hit.equal(fooled).logicalAnd(isLarger));
}
