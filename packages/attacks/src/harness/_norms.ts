import * as tf from '@tensorflow/tfjs';
import type { NormName } from '@weightmap/core';

/** How long the changes of images are. */
export interface Length {
  /**
   * @param changes [batch, height, width, channels]
   * @returns [batch]
   */
  length(changes: tf.Tensor4D): tf.Tensor1D;
}

/** What an attack needs of a norm. All tensors are [batch, height, width, channels]; each image is on its own. */
export interface Norm extends Length {
  /** The direction of length 1 along which a linear function of slope `gradient` grows fastest; 0 where it is flat. */
  normalize(gradient: tf.Tensor4D): tf.Tensor4D;
  /**
   * @param radius a scalar, or [batch, 1, 1, 1]
   * @returns the points nearest to `points`, in the Euclidean sense, that lie within `radius` of `centers`.
   */
  project(points: tf.Tensor4D, centers: tf.Tensor4D, radius: tf.Tensor): tf.Tensor4D;
}

const PIXELS = [1, 2, 3];

/** The length of each image's change, kept as [batch, 1, 1, 1]. */
const euclidean = (x: tf.Tensor4D) => x.square().sum(PIXELS, true).sqrt();

/** x where it isn't 0, else 1: a divisor. */
export const nonZero = (x: tf.Tensor) => x.add(x.equal(0).cast('float32'));

/** Not tf.sign: the wasm backend's gives 0 below about 1e-7, and confident predictions have such gradients. */
export const signOf = (x: tf.Tensor4D): tf.Tensor4D =>
  x.greater(0).cast('float32').sub(x.less(0).cast('float32'));

export const norms = {
  linf: {
    normalize: signOf,
    project: (points, centers, radius) => points.minimum(centers.add(radius)).maximum(centers.sub(radius)),
    length: (changes) => changes.abs().max(PIXELS),
  },
  l2: {
    normalize(gradient) {
      // Scaled first: the squares of a tiny gradient would underflow to 0.
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
      // Equal slopes share; where all are 0, all are "largest", and normalised by the sign they stay 0.
      const steepest = steep.equal(largest).cast('float32');
      return signOf(gradient).mul(steepest).div(steepest.sum(PIXELS, true));
    },
    // Shrinks every change by one θ a image, as far as it goes (Duchi et al., ICML 2008). Of the sizes u sorted from the
    // largest down, θ = max_j (Σ_{i≤j} u_i − radius) / j, or 0 within the ball.
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
      const theta = excess.max(1).relu().reshape([batch, 1, 1, 1]);
      return centers.add(signOf(changes).mul(sizes.sub(theta).relu()));
    },
    length: (changes) => changes.abs().sum(PIXELS),
  },
} as const satisfies Record<string, Norm>;

/** Lengths by norm; that of l0 is the number of pixels (positions) with a change in one channel or more. */
export const lengths = {
  ...norms,
  l0: { length: (changes) => changes.abs().max(3).greater(0).cast('float32').sum([1, 2]) },
} as const satisfies Record<NormName, Length>;
