import * as tf from '@tensorflow/tfjs';
import { perImage } from './_worst.js';

/** The nearest images so far that fool. */
export type Nearest = {
  /** The clean image where there is none. */
  readonly nearest: tf.Tensor4D;
  /** [rows], larger than every length where there is none. */
  readonly distance: tf.Tensor1D;
};

/** In place of infinity, which a product with 0 would turn into NaN. */
export const FAR = 3e38;

/** Nothing found yet. */
export const noneNear = (images: tf.Tensor4D): Nearest => ({
  nearest: images,
  distance: tf.fill([images.shape[0]], FAR),
});

/**
 * The nearer of the nearest so far and new images.
 *
 * @param candidate.hit [rows], 1 where they fool, from `fools`.
 * @param candidate.length [rows], how far they are from the clean images.
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
