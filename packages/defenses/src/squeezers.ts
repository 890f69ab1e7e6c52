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
