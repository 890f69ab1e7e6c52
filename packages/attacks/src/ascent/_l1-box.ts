import * as tf from '@tensorflow/tfjs';
import { nonZero, signOf } from '../harness/_norms.js';

/**
 * Projects points onto the intersection of the L1 ball around `centers` and the bounds: the nearest points in the Euclidean
 * sense. (Projecting onto the ball and then onto the bounds gives another result: the length that the bounds cut off could
 * be used by other components.)
 *
 * A change of size a shrinks by the λ of its image, and is limited by its distance r to the bound: min((a − λ)⁺, r). The sum
 * of these sizes falls with λ, and is linear between the 2d values a and a − r. Sort these in descending order: λ lies on
 * the line that starts at the last value for which the sum is still within the radius. λ is 0 if the sum at 0 is within it.
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
  const sign = signOf(changes);
  const wanted = changes.abs().reshape<tf.Tensor2D>([rows, size]);
  const room = tf
    .where(changes.greater(0), tf.sub(high, centers), centers.sub(low))
    .reshape<tf.Tensor2D>([rows, size]);
  const { values, indices } = tf.topk(tf.concat([wanted, wanted.sub(room)], 1), 2 * size);
  // With falling λ one more size grows below each a, and one fewer below each a − r.
  const turns = indices.less(size).cast('float32').mul(2).sub(1);
  const growing = turns.cumsum(1);
  const weighted = turns.mul(values).cumsum(1);
  const within = weighted
    .sub(growing.mul(values))
    .lessEqual(radius.reshape([1, 1]))
    .logicalAnd(values.greater(0));
  // At the largest value the sum is 0, so there is a last one if any size is above 0.
  const count = within.cast('float32').sum(1, true);
  const last = tf
    .range(1, 2 * size + 1)
    .equal(count)
    .cast('float32');
  const at = (all: tf.Tensor) => all.mul(last).sum(1, true);
  const slope = at(growing);
  const λ = tf.where(
    slope.greater(0),
    at(weighted).sub(radius).div(nonZero(slope)).relu(),
    tf.zerosLike(slope),
  );
  const kept = wanted.sub(λ).relu().minimum(room).reshape<tf.Tensor4D>(points.shape);
  return centers.add(sign.mul(kept)).clipByValue(low, high) as tf.Tensor4D;
}
