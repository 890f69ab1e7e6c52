import * as tf from '@tensorflow/tfjs';
import type { AscentRule, Pace } from './_ascent-rule.js';
import { ontoL1BallInBox } from './_l1-box.js';
import { signOf } from '../harness/_norms.js';
import { normals } from '../harness/_starts.js';
import { perImage } from '../harness/_worst.js';

/** The share of the steps after which sparsity and step are looked at, and of the components in the first steps. */
const [EVERY, FIRST] = [0.04, 0.2];
/** Of as many components as the best change has, divided by this, the next steps consist. */
const SPARSER = 1.5;
/** Below this share of those at the checkpoint before, the change has become sparser. */
const LESS = 0.95;
/** What η is divided by where it hasn't, and by how much in all. */
const [SHORTER, SHORTEST] = [1.5, 10];

type Sparse = Pace & {
  /** How many components a step changes. */
  readonly steepest: tf.Tensor1D;
  /** How many the best change had at the last checkpoint. */
  readonly changed: tf.Tensor1D;
};

/**
 * Auto-PGD's rule in L1: a step changes by η/k the k components of steepest slope, without momentum, and the projection is
 * that onto the ball within the bounds. It begins at what that projection leaves of x + N(0, 1) (1 for bounds as far apart),
 * with η = ε and k a fifth of the components. After every 4 % of the steps, with ‖x_max − x‖₀ the components that the
 * best change so far changes, k ← ‖x_max − x‖₀ / 1.5, and
 *
 * - where these are fewer than 95 % of those at the last checkpoint, η ← ε and the search goes on from x_max;
 * - else η ← max(η / 1.5, ε / 10).
 *
 * Source: Croce & Hein, “Mind the box: L1-APGD for sparse adversarial attacks on image classifiers”, arXiv:2103.01208,
 * section 3 and algorithm 2, without the larger radii at first of its section 3.4.
 */
export const sparseRule: AscentRule<Sparse> = {
  due(steps) {
    const interval = Math.max(1, Math.floor(EVERY * steps));
    return Array.from({ length: Math.floor(steps / interval) }, (_, j) => (j + 1) * interval);
  },
  noise: normals,
  begin: ({ bounds: [low, high] }, images, noise) => images.add(noise.mul(high - low)),
  confine:
    ({ bounds }) =>
    (points, images, epsilon) =>
      ontoL1BallInBox(points, images, epsilon, bounds),
  firstPace(loss, images, epsilon) {
    const none = tf.zerosLike(loss);
    const size = images.size / images.shape[0];
    return {
      eta: none.add(epsilon),
      steepest: none.add(Math.ceil(FIRST * size)),
      changed: none.add(size),
    };
  },
  direction(gradient, { steepest }) {
    const [rows, ...image] = gradient.shape;
    const size = image.reduce((a, b) => a * b, 1);
    const slopes = gradient.abs();
    const { values } = tf.topk(slopes.reshape([rows, size]), size);
    // The steepest-th slope, counted from the largest down.
    const place = tf.range(1, size + 1).equal(steepest.expandDims(1));
    const least = values.mul(place.cast('float32')).sum<tf.Tensor1D>(1);
    const signs = signOf(gradient).mul<tf.Tensor4D>(slopes.greaterEqual(perImage(least)).cast('float32'));
    return signs.div(signs.abs().sum([1, 2, 3], true).maximum(1));
  },
  adjust({ images, best, epsilon, eta, changed }) {
    const now = best.notEqual(images).cast('float32').sum<tf.Tensor1D>([1, 2, 3]);
    const sparser = now.less<tf.Tensor1D>(changed.mul(LESS));
    const shorter = eta.div<tf.Tensor1D>(SHORTER).maximum<tf.Tensor1D>(epsilon.div(SHORTEST));
    return {
      pace: {
        eta: tf.where(sparser, tf.zerosLike(eta).add<tf.Tensor1D>(epsilon), shorter),
        steepest: now.div(SPARSER).ceil().maximum(1),
        changed: now,
      },
      back: sparser,
    };
  },
};
