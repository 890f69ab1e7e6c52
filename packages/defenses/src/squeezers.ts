import * as tf from '@tensorflow/tfjs';
import { withStandIn } from '@weightmap/core';

/**
 * Rounds pixels to fewer levels: round(x · (2ᵇ − 1)) / (2ᵇ − 1), for pixels in [0, 1]. Its gradient passes straight through.
 *
 * @param bits b, from 1.
 */
export function reduceDepth(images: tf.Tensor4D, bits: number): tf.Tensor4D {
  const levels = 2 ** bits - 1;
  const round = withStandIn<tf.Tensor4D, tf.Tensor4D>((x) => x.mul(levels).round().div(levels));
  return round(images);
}

/**
 * The median of each pixel and its neighbours above and to the left, four values in all, of which the third smallest is taken, and
 * pixels at the border repeated: SciPy's `median_filter` of size 2.
 */
export function medianOfFour(images: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = images.shape;
  const shifted = (down: number, right: number) => {
    const rows =
      down === 0
        ? images
        : tf.concat([images.slice([0, 0], [-1, 1]), images.slice([0, 0], [-1, height - 1])], 1);
    return right === 0
      ? rows
      : tf.concat([rows.slice([0, 0, 0], [-1, -1, 1]), rows.slice([0, 0, 0], [-1, -1, width - 1])], 2);
  };
  const [a, b, c, d] = [shifted(0, 0), shifted(0, 1), shifted(1, 0), shifted(1, 1)];
  // The second largest of four: of each pair the larger and the smaller.
  const larger = a.maximum(b).minimum(c.maximum(d));
  const smaller = a.minimum(b).maximum(c.minimum(d));
  return larger.maximum(smaller);
}

/** Pixels to each side of the middle: a window of 13 × 13, patches of 3 × 3. */
const [WINDOW, PATCH] = [6, 1];

/** Strength of non-local means, in units of pixels of [0, 1]. */
const STRENGTH = 2 / 255;

/**
 * Non-local means 13-3-2: each pixel becomes the mean of those in a window of 13 × 13 around it, weighted by how alike the patches of
 * 3 × 3 around them are,
 *
 *     y_i = Σ_j w_ij x_j / Σ_j w_ij,   w_ij = exp(−d²_ij / h²),   h = 2/255
 *
 * d² is the mean square of the difference of the two patches, over all channels, and borders are mirrored. (OpenCV, which the authors
 * use, compares colour images by lightness and colour ‡.) It has a gradient.
 *
 * @param images at least 8 × 8 pixels, in [0, 1].
 */
export function meansOfAlike(images: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = images.shape;
    const padded = mirrored(mirrored(images, 1, WINDOW + PATCH), 2, WINDOW + PATCH);
    /** The images and a border of PATCH pixels, moved. */
    const moved = (down: number, right: number, border: number) =>
      padded.slice(
        [0, WINDOW + PATCH + down - border, WINDOW + PATCH + right - border],
        [-1, height + 2 * border, width + 2 * border],
      );
    const middle = moved(0, 0, PATCH);
    let [sum, total] = [tf.zerosLike(images), tf.scalar(0) as tf.Tensor];
    for (let down = -WINDOW; down <= WINDOW; down++)
      for (let right = -WINDOW; right <= WINDOW; right++) {
        const square = moved(down, right, PATCH).sub(middle).square().mean<tf.Tensor4D>(3, true);
        const weight = tf
          .avgPool(square, 2 * PATCH + 1, 1, 'valid')
          .div(-(STRENGTH ** 2))
          .exp();
        sum = sum.add(moved(down, right, 0).mul(weight));
        total = total.add(weight);
      }
    return sum.div(total);
  });
}

/** Continues images beyond their borders along an axis, the border itself not repeated. */
function mirrored(images: tf.Tensor4D, axis: 1 | 2, by: number): tf.Tensor4D {
  const length = images.shape[axis];
  const part = (from: number) => {
    const [begin, size] = [
      [0, 0, 0, 0],
      [-1, -1, -1, -1],
    ];
    begin[axis] = from;
    size[axis] = by;
    return images.slice(begin, size).reverse(axis);
  };
  return tf.concat([part(1), images, part(length - 1 - by)], axis);
}
