import * as tf from '@tensorflow/tfjs';
import { perImage } from './_worst.js';

/** The nearest adversarial images found so far. */
export type Nearest = {
  /** The clean image if none was found. */
  readonly nearest: tf.Tensor4D;
  /** [rows], larger than every length if none was found. */
  readonly distance: tf.Tensor1D;
};

/** Used in place of infinity, which a product with 0 would turn into NaN. */
export const FAR = 3e38;

/** The start of a search: nothing found yet. */
export const noneNear = (images: tf.Tensor4D): Nearest => ({
  nearest: images,
  distance: tf.fill([images.shape[0]], FAR),
});

/**
 * Keeps, for each image, the nearer of the nearest image so far and a new candidate.
 *
 * @param candidate.hit [rows], 1 if the candidate fools the classifier, from `fools`.
 * @param candidate.length [rows], its distance from the clean image.
 */
export function keepNearest(
  { nearest, distance }: Nearest,
  { images, length, hit }: { images: tf.Tensor4D; length: tf.Tensor1D; hit: tf.Tensor1D },
): Nearest {
  const nearer = hit.greater(0).logicalAnd<tf.Tensor1D>(length.less(distance));
  return {
    nearest: tf.where(perImage(nearer), images, nearest),
    distance: tf.where(nearer, length, distance),
  };
}
