import * as tf from '@tensorflow/tfjs';
import { FAR } from '../harness/_nearest.js';
import { nonZero } from '../harness/_norms.js';

/**
 * The shortest changes δ that take points onto hyperplanes without leaving the bounds: normal · δ = need and
 * low ≤ x + δ ≤ high. Where the bounds end before the plane is reached, δ leads to the corner nearest to it.
 *
 * Each component goes in the direction that helps, by min(t·u_i, room_i), with u_i = 1 for L∞ and |w_i| for L2 (w the
 * normal, room_i the way to the bound). What that gains, Σ |w_i| min(t·u_i, room_i), is concave in t: the smallest of the
 * lines that it is made of. So t is the largest of the places where these reach |need|: of (|need| − A_k) / S_k, where
 * the k components that first meet their bounds have gained A_k = Σ |w_i| room_i, and the others gain
 * S_k = Σ |w_i| u_i a unit of t.
 *
 * @param points [rows, height, width, channels] within the bounds
 * @param plane.normal of the same shape
 * @param plane.need [rows]
 * @returns δ, of the same shape
 */
export function ontoPlane(
  norm: 'linf' | 'l2',
  points: tf.Tensor4D,
  { normal, need }: { normal: tf.Tensor4D; need: tf.Tensor1D },
  [low, high]: readonly [number, number],
): tf.Tensor4D {
  const [rows, ...image] = points.shape;
  const size = image.reduce((a, b) => a * b, 1);
  const w = normal.reshape<tf.Tensor2D>([rows, size]);
  const x = points.reshape<tf.Tensor2D>([rows, size]);
  const wanted = need.reshape<tf.Tensor2D>([rows, 1]);
  const way = signs(w).mul(signs(wanted));
  const room = tf.where(way.greater(0), tf.sub(high, x), x.sub(low));
  const steep = w.abs();
  const speed = norm === 'linf' ? tf.onesLike(steep) : steep;
  // Order of meeting the bounds; what doesn't move never does.
  const times = tf.where(speed.greater(0), room.div(nonZero(speed)).minimum(FAR), tf.fill([rows, size], FAR));
  const order = tf.topk(times.neg(), size).indices;
  const flat = order.add(tf.range(0, rows, 1, 'int32').mul(tf.scalar(size, 'int32')).reshape([rows, 1]));
  // Not tf.gather, which reads the indices to check them on the native engine: no compiled step can do that.
  const inOrder = (values: tf.Tensor) =>
    tf.gatherND(values.reshape([-1]), flat.reshape([-1, 1])).reshape([rows, size]);
  const met = tf.cumsum(inOrder(steep.mul(room)), 1, true);
  const slopes = tf.cumsum(inOrder(steep.mul(speed)), 1, false, true);
  const lines = wanted.abs().sub(met).div(nonZero(slopes));
  const t = tf.where(slopes.greater(0), lines, tf.zerosLike(lines)).max(1, true).relu();
  const change = speed.mul(t).minimum(room).mul(way);
  return change.reshape(points.shape);
}

/** Not tf.sign, for the reason given in `_norms.ts`. */
const signs = (x: tf.Tensor): tf.Tensor => x.greater(0).cast('float32').sub(x.less(0).cast('float32'));
