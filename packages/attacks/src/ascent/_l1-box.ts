import * as tf from '@tensorflow/tfjs';
import { nonZero, signOf } from '../harness/_norms.js';

/**
 * The points nearest to `points`, in the Euclidean sense, that lie both within the L1 ball around `centers` and within the
 * bounds. (To the ball first and to the bounds then is not the same: what the bounds take away, others could have.)
 *
 * A change of size a shrinks by one λ an image and goes no further than its room r to the bound, to min((a − λ)⁺, r). What
 * the sizes add up to falls with λ, in straight lines between the 2d values a and a − r: of these, sorted from the largest
 * down, the last at which the sum is still within the radius begins the line on which λ lies. λ is 0 where the sum at 0 is.
 *
 * Source: Croce & Hein, “Mind the box: L1-APGD for sparse adversarial attacks on image classifiers”, arXiv:2103.01208,
 * proposition 3.1 and algorithm 1.
 *
 * @param centers [rows, height, width, channels], within the bounds.
 * @param radius a scalar.
 */
export function ontoL1BallInBox(
  points: tf.Tensor4D,
  centers: tf.Tensor4D,
  radius: tf.Tensor,
  [low, high]: readonly [number, number],
): tf.Tensor4D {
  const [rows, ...image] = points.shape;
  const size = image.reduce((a, b) => a * b, 1);
  const changes = points.sub<tf.Tensor4D>(centers);
  const way = signOf(changes);
  const wanted = changes.abs().reshape<tf.Tensor2D>([rows, size]);
  const room = tf
    .where(changes.greater(0), tf.sub(high, centers), centers.sub(low))
    .reshape<tf.Tensor2D>([rows, size]);
  const { values, indices } = tf.topk(tf.concat([wanted, wanted.sub(room)], 1), 2 * size);
  // Below an a one more size grows with falling λ, below an a − r one less.
  const turns = indices.less(size).cast('float32').mul(2).sub(1);
  const growing = turns.cumsum(1);
  const weighted = turns.mul(values).cumsum(1);
  const within = weighted
    .sub(growing.mul(values))
    .lessEqual(radius.reshape([1, 1]))
    .logicalAnd(values.greater(0));
  // At the largest value the sum is 0, so that there is a last one wherever a size is above 0.
  const count = within.cast('float32').sum(1, true);
  const last = tf
    .range(1, 2 * size + 1)
    .equal(count)
    .cast('float32');
  const at = (all: tf.Tensor) => all.mul(last).sum(1, true);
  const slope = at(growing);
  const lambda = tf.where(
    slope.greater(0),
    at(weighted).sub(radius).div(nonZero(slope)).relu(),
    tf.zerosLike(slope),
  );
  const kept = wanted.sub(lambda).relu().minimum(room).reshape<tf.Tensor4D>(points.shape);
  return centers.add(way.mul(kept)).clipByValue(low, high) as tf.Tensor4D;
}
