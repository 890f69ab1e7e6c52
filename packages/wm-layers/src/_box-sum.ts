import * as tf from '@tensorflow/tfjs';
import { placeWithZeros, spread, subsample } from './_place.js';
import type { WindowGeometry } from './window.js';

/** From this side on two passes (k×1, then 1×k) beat the k² terms of one: measured on native and wasm. */
const SEPARABLE_FROM = 7;

/**
 * The sum over the k×k window at every position of the padded map, box_k(P).
 *
 * An average pool times k²: the fastest of the forms that every engine has. Its own padding isn't used,
 * since TensorFlow leaves padding out of the average.
 *
 * @param map [batch, height, width, channels]
 * @returns [batch, Ho, Wo, channels]
 */
export function boxSum(map: tf.Tensor4D, { kernelSize, padding, strides }: WindowGeometry): tf.Tensor4D {
  return pool(placeWithZeros(map, padding), kernelSize, strides);
}

/**
 * The adjoint of `boxSum`: every position of the map gets the sum of the windows that saw it.
 *
 * With stride 1 that is a box sum again, over a map with k − 1 − padding zeros around it; larger
 * strides leave zeros between the windows first.
 *
 * @param dy [batch, Ho, Wo, channels]
 * @returns [batch, height, width, channels]
 */
export function boxSumTransposed(
  dy: tf.Tensor4D,
  { kernelSize: k, padding, ...window }: WindowGeometry,
): tf.Tensor4D {
  const [[top, bottom], [left, right]] = padding;
  const mirrored = [
    [k - 1 - top, k - 1 - bottom],
    [k - 1 - left, k - 1 - right],
  ] as const;
  return pool(placeWithZeros(spread(dy, window), mirrored), k, [1, 1]);
}

function pool(map: tf.Tensor4D, k: number, [down, right]: readonly [number, number]): tf.Tensor4D {
  // A copy: tfjs loses the gradient of an operation that returns its own input.
  if (k === 1) return tf.clone(subsample(map, [down, right]));
  const averages =
    k < SEPARABLE_FROM
      ? tf.avgPool(map, k, [down, right], 'valid')
      : tf.avgPool(tf.avgPool(map, [k, 1], [down, 1], 'valid'), [1, k], [1, right], 'valid');
  return tf.mul(averages, k * k);
}
