import * as tf from '@tensorflow/tfjs';
import { signOf } from '../harness/_norms.js';
import { normals } from '../harness/_starts.js';
import { perImage } from '../harness/_worst.js';
import type { AscentRule, Pace } from './_ascent-rule.js';
import { ontoL1BallInBox } from './_l1-box.js';

/** The share of the steps between two checkpoints. */
const EVERY = 0.04;
/** The share of the components that the first steps change. */
const FIRST = 0.2;
/** The next steps change as many components as the best change so far, divided by this. */
const SPARSER = 1.5;
/** The change counts as sparser if it has less than this share of the components at the previous checkpoint. */
const LESS = 0.95;
/** η is divided by this if the change is not sparser. */
const SHORTER = 1.5;
/** The most that ε is divided by. */
const SHORTEST = 10;

type Sparse = Pace & {
  /** The number of components that a step changes. */
  readonly steepest: tf.Tensor1D;
  /** The number of components that the best change had at the last checkpoint. */
  readonly changed: tf.Tensor1D;
};

/**
 * Auto-PGD's rule for L1: a step changes the k steepest components by η/k, without momentum, and is projected onto the ball
 * within the bounds. It starts at the projection of x + N(0, 1) (1 for a bounds' width of 1), with η = ε and k a fifth of
 * the components. After every 4 % of the steps, with ‖x_max − x‖₀ the number of components that the best change so far
 * changes, k ← ‖x_max − x‖₀ / 1.5, and
 *
 * - if that number is less than 95 % of the one at the last checkpoint, η ← ε and the search continues from x_max;
 * - else η ← max(η / 1.5, ε / 10).
 *
 * Source: Croce & Hein, “Mind the box: L1-APGD for sparse adversarial attacks on image classifiers”, arXiv:2103.01208,
 * section 3 and algorithm 2, without the larger first radii of its section 3.4.
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
    (points, images, ε) =>
      ontoL1BallInBox(points, images, ε, bounds),
  firstPace(loss, images, ε) {
    const none = tf.zerosLike(loss);
    const size = images.size / images.shape[0];
    return {
      eta: none.add(ε),
      steepest: none.add(Math.ceil(FIRST * size)),
      changed: none.add(size),
    };
  },
  direction(gradient, { steepest: k }) {
    const [rows, ...image] = gradient.shape;
    const size = image.reduce((a, b) => a * b, 1);
    const slopes = gradient.abs();
    const { values } = tf.topk(slopes.reshape([rows, size]), size);
    // The k-th largest slope.
    const place = tf.range(1, size + 1).equal(k.expandDims(1));
    const least = values.mul(place.cast('float32')).sum<tf.Tensor1D>(1);
    const signs = signOf(gradient).mul<tf.Tensor4D>(slopes.greaterEqual(perImage(least)).cast('float32'));
    return signs.div(signs.abs().sum([1, 2, 3], true).maximum(1));
  },
  adjust({ images, best, epsilon: ε, eta: η, changed }) {
    const now = best.notEqual(images).cast('float32').sum<tf.Tensor1D>([1, 2, 3]);
    const sparser = now.less<tf.Tensor1D>(changed.mul(LESS));
    const shorter = η.div<tf.Tensor1D>(SHORTER).maximum<tf.Tensor1D>(ε.div(SHORTEST));
    return {
      pace: {
        eta: tf.where(sparser, tf.zerosLike(η).add<tf.Tensor1D>(ε), shorter),
        steepest: now.div(SPARSER).ceil().maximum(1),
        changed: now,
      },
      back: sparser,
    };
  },
};
