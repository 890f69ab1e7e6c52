import * as tf from '@tensorflow/tfjs';
import { boxSum, boxSumTransposed } from './_box-sum.js';
import { placeWithZeros, spread, subsample, type Margins } from './_place.js';
import { centreOffset, type WindowGeometry } from './window.js';

/** What a weight map layer does with the weighted map: the two variants of the paper. */
export type Reduction = 'smoothing' | 'unsharp';

/**
 * The fixed filter of the layer, differentiable in the map M.
 *
 *     smoothing  box_k(P)                    P: M with zeros around it
 *     unsharp    2·centre(P) − box_k(P)
 *
 * @param map M, [batch, height, width, channels]
 * @returns [batch, Ho, Wo, channels]
 */
export function reduce(map: tf.Tensor4D, reduction: Reduction, window: WindowGeometry): tf.Tensor4D {
  const filter = tf.customGrad((m) => ({
    value: reduceForward(m as tf.Tensor4D, reduction, window),
    gradFunc: (dy: tf.Tensor) => reduceBackward(dy as tf.Tensor4D, reduction, window),
  }));
  return filter(map) as tf.Tensor4D;
}

function reduceForward(map: tf.Tensor4D, reduction: Reduction, window: WindowGeometry): tf.Tensor4D {
  const box = boxSum(map, window);
  return reduction === 'smoothing' ? box : tf.sub(tf.mul(centre(map, window), 2), box);
}

/** dM = boxᵀ(dy), or 2·centreᵀ(dy) − boxᵀ(dy): the filter is linear, so M itself isn't needed. */
function reduceBackward(dy: tf.Tensor4D, reduction: Reduction, window: WindowGeometry): tf.Tensor4D {
  const box = boxSumTransposed(dy, window);
  return reduction === 'smoothing' ? box : tf.sub(tf.mul(centreTransposed(dy, window), 2), box);
}

/** What lies under the window's centre at every position: for 'same' padding and stride 1 the map itself. */
const centre = (map: tf.Tensor4D, window: WindowGeometry): tf.Tensor4D =>
  subsample(placeWithZeros(map, centreMargins(window)), window.strides);

const centreTransposed = (dy: tf.Tensor4D, window: WindowGeometry): tf.Tensor4D => {
  const [[top, bottom], [left, right]] = centreMargins(window);
  return placeWithZeros(spread(dy, window), [
    [-top, -bottom],
    [-left, -right],
  ]);
};

/** How far the first and last centres lie outside the map. */
function centreMargins({ kernelSize, padding }: WindowGeometry): Margins {
  const before = centreOffset(kernelSize);
  const after = kernelSize - 1 - before;
  const [[top, bottom], [left, right]] = padding;
  return [
    [top - before, bottom - after],
    [left - before, right - after],
  ];
}
