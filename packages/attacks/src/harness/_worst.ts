import * as tf from '@tensorflow/tfjs';

/** The worst images so far: those that fool before those that don't, among equals those of larger loss. */
export type Worst = {
  readonly found: tf.Tensor4D;
  /** [rows] */
  readonly foundLoss: tf.Tensor1D;
  /** [rows], 1 or 0 */
  readonly fooled: tf.Tensor1D;
};

/** Nothing found yet. */
export const nothingFound = (images: tf.Tensor4D): Worst => ({
  found: images,
  foundLoss: tf.fill([images.shape[0]], -3e38),
  fooled: tf.zeros([images.shape[0]]),
});

/**
 * Where an attack has what it wants: the prediction is the target, or without targets another than the label.
 *
 * @returns [rows], 1 or 0
 */
export function fools(logits: tf.Tensor2D, labels: tf.Tensor1D, targets?: tf.Tensor1D): tf.Tensor1D {
  const predicted = logits.argMax(1);
  return (targets ? predicted.equal(targets) : predicted.notEqual(labels)).cast('float32');
}

/** By which each image's own choice is made: [rows] as [rows, 1, 1, 1]. */
export const perImage = (values: tf.Tensor1D): tf.Tensor4D => values.reshape([-1, 1, 1, 1]);

/**
 * The worse of the worst so far and new images.
 *
 * @param candidate.hit [rows], from `fools`.
 * @param options.stop whether the first image that fools is kept for good, whatever comes later.
 */
export function keepWorst(
  { found, foundLoss, fooled }: Worst,
  { images, loss, hit }: { images: tf.Tensor4D; loss: tf.Tensor1D; hit: tf.Tensor1D },
  { stop }: { stop: boolean },
): Worst {
  const louder = loss.greater(foundLoss);
  const better = stop
    ? fooled.equal(0).logicalAnd(hit.greater(0).logicalOr(louder))
    : hit.greater(fooled).logicalOr(hit.equal(fooled).logicalAnd(louder));
  return {
    found: tf.where(perImage(better as tf.Tensor1D), images, found),
    foundLoss: tf.where(better, loss, foundLoss),
    fooled: tf.maximum(fooled, hit),
  };
}
