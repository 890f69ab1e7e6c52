import * as tf from '@tensorflow/tfjs';

/** What an attack needs of a norm. All tensors are [batch, height, width, channels]; each image is on its own. */
export interface Norm {
  /** The direction of length 1 along which a linear function of slope `gradient` grows fastest; 0 where it is flat. */
  normalize(gradient: tf.Tensor4D): tf.Tensor4D;
  /** @param radius a scalar
   * @returns the points nearest to `points` that lie within `radius` of `centers`. */
  project(points: tf.Tensor4D, centers: tf.Tensor4D, radius: tf.Scalar): tf.Tensor4D;
  /** @returns [batch] */
  length(changes: tf.Tensor4D): tf.Tensor1D;
}

const PIXELS = [1, 2, 3];

/** The length of each image's change, kept as [batch, 1, 1, 1]. */
const euclidean = (x: tf.Tensor4D) => x.square().sum(PIXELS, true).sqrt();

/** x where it isn't 0, else 1: a divisor. */
const nonZero = (x: tf.Tensor) => x.add(x.equal(0).cast('float32'));

export const norms = {
  linf: {
    // Not tf.sign: the wasm backend's gives 0 below about 1e-7, and confident predictions have such gradients.
    normalize: (gradient) => gradient.greater(0).cast('float32').sub(gradient.less(0).cast('float32')),
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
} as const satisfies Record<string, Norm>;
