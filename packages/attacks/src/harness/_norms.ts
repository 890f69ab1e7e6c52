import * as tf from '@tensorflow/tfjs';
import type { NormName, VictimModel } from '@weightmap/core';

/** Measures how large the changes of images are. */
export interface Length {
  /**
   * @param changes `[batch, height, width, channels]`
   * @returns [batch]
   */
  length(changes: tf.Tensor4D): tf.Tensor1D;
}

/** The operations of a norm that attacks need. All tensors are `[batch, height, width, channels]`. */
export interface Norm extends Length {
  /** The direction of length 1 along which a linear function with this gradient grows fastest; 0 if the gradient is 0. */
  normalize(gradient: tf.Tensor4D): tf.Tensor4D;
  /**
   * @param radius a scalar, or [batch, 1, 1, 1]
   * @returns the points within `radius` of `centers` that are nearest to `points` in the Euclidean sense.
   */
  project(points: tf.Tensor4D, centers: tf.Tensor4D, radius: tf.Tensor): tf.Tensor4D;
}

const PIXELS = [1, 2, 3];

/** The Euclidean length of each image, as [batch, 1, 1, 1]. */
const euclidean = (x: tf.Tensor4D) => x.square().sum(PIXELS, true).sqrt();

/** Replaces 0 by 1, to divide by. */
export const nonZero = (x: tf.Tensor) => x.add(x.equal(0).cast('float32'));

/** The sign of each value. tf.sign of the wasm backend gives 0 below about 1e-7; gradients of confident predictions are that small. */
export const signOf = <T extends tf.Tensor>(x: T): T =>
  x.greater(0).cast('float32').sub<T>(x.less(0).cast('float32'));

/** The operations of each norm. */
export const norms = {
  linf: {
    normalize: signOf,
    project: (points, centers, radius) => points.minimum(centers.add(radius)).maximum(centers.sub(radius)),
    length: (changes) => changes.abs().max(PIXELS),
  },
  l2: {
    normalize(gradient) {
      // Scale first: the squares of a tiny gradient would underflow to 0.
      const largest = gradient.abs().max(PIXELS, true);
      const scaled = gradient.div<tf.Tensor4D>(nonZero(largest));
      return scaled.div(nonZero(euclidean(scaled)));
    },
    project(points, centers, radius) {
      const changes = points.sub<tf.Tensor4D>(centers);
      const length = euclidean(changes);
      return centers.add(changes.mul(tf.minimum(1, tf.div(radius, nonZero(length)))));
    },
    length: (changes) => euclidean(changes).reshape([-1]),
  },
  l1: {
    normalize(gradient) {
      const steep = gradient.abs();
      const largest = steep.max(PIXELS, true);
      // Equally steep components share the step. If all are 0 they all count as steepest, and the sign keeps them 0.
      const steepest = steep.equal(largest).cast('float32');
      return signOf(gradient).mul(steepest).div(steepest.sum(PIXELS, true));
    },
    // Shrinks all changes of an image by the same θ, but not below 0 (Duchi et al., ICML 2008). With the sizes u sorted in
    // descending order, θ = max_j (Σ_{i≤j} u_i − radius) / j, or 0 within the ball.
    project(points, centers, radius) {
      const changes = points.sub<tf.Tensor4D>(centers);
      const [batch, ...shape] = changes.shape;
      const size = shape.reduce((a, b) => a * b, 1);
      const sizes = changes.abs();
      const { values } = tf.topk(sizes.reshape([batch, size]), size);
      const excess = values
        .cumsum(1)
        .sub(radius.reshape([-1, 1]))
        .div(tf.range(1, size + 1));
      const θ = excess.max(1).relu().reshape([batch, 1, 1, 1]);
      return centers.add(signOf(changes).mul(sizes.sub(θ).relu()));
    },
    length: (changes) => changes.abs().sum(PIXELS),
  },
} as const satisfies Record<string, Norm>;

/** Lengths by norm. That of l0 is the number of pixels (positions) that changed in at least one channel. */
export const lengths = {
  ...norms,
  l0: { length: (changes) => changes.abs().max(3).greater(0).cast('float32').sum([1, 2]) },
} as const satisfies Record<NormName, Length>;

/** A function that moves points into the ball around the images, then into the bounds. */
export const confinedTo =
  (norm: keyof typeof norms, { bounds }: Pick<VictimModel, 'bounds'>) =>
  (points: tf.Tensor4D, images: tf.Tensor4D, ε: tf.Tensor): tf.Tensor4D =>
    norms[norm].project(points, images, ε).clipByValue(...bounds) as tf.Tensor4D;
