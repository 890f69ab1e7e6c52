import * as tf from '@tensorflow/tfjs';
import { FAR } from '../harness/_nearest.js';
import { nonZero, signOf } from '../harness/_norms.js';

/**
 * The shortest changes δ that move points onto hyperplanes within the bounds: normal · δ = need and low ≤ x + δ ≤ high. If
 * the bounds end before the plane is reached, δ leads to the corner nearest to the plane.
 *
 * Each component moves in the direction that helps, by min(t·u_i, room_i), with u_i = 1 for L∞ and |w_i| for L2 (w is the
 * normal, room_i the distance to the bound). The gain, Σ |w_i| min(t·u_i, room_i), is piecewise linear and concave in t: it
 * is the smallest of its lines. So t is the largest of the places where these lines reach |need|, of (|need| − A_k) / S_k:
 * the k components that first reach their bounds have gained A_k = Σ |w_i| room_i, and the others gain S_k = Σ |w_i| u_i
 * for each unit of t.
 *
 * @param points `[rows, height, width, channels]` within the bounds
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
  const sign = signOf(w).mul(signOf(wanted));
  const room = tf.where(sign.greater(0), tf.sub(high, x), x.sub(low));
  const steep = w.abs();
  const u = norm === 'linf' ? tf.onesLike(steep) : steep;
  // The order in which components reach their bounds; components that do not move never do.
  const times = tf.where(u.greater(0), room.div(nonZero(u)).minimum(FAR), tf.fill([rows, size], FAR));
  const order = tf.topk(times.neg(), size).indices;
  const flat = order.add(tf.range(0, rows, 1, 'int32').mul(tf.scalar(size, 'int32')).reshape([rows, 1]));
  // On the native engine tf.gather reads the indices to check them, which a compiled step must not do.
  const inOrder = (values: tf.Tensor) =>
    tf.gatherND(values.reshape([-1]), flat.reshape([-1, 1])).reshape([rows, size]);
  const met = tf.cumsum(inOrder(steep.mul(room)), 1, true);
  const slopes = tf.cumsum(inOrder(steep.mul(u)), 1, false, true);
  const lines = wanted.abs().sub(met).div(nonZero(slopes));
  const t = tf.where(slopes.greater(0), lines, tf.zerosLike(lines)).max(1, true).relu();
  const change = u.mul(t).minimum(room).mul(sign);
  return change.reshape(points.shape);
}
