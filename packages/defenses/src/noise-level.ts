import * as tf from '@tensorflow/tfjs';
import { withStandIn, type FlopRule } from '@weightmap/core';

/** Standard deviation of the second differences of noise with deviation 1. */
const GAIN = 6;
/** Median, and mean, of the size of a normal number with deviation 1. */
const [MEDIAN, MEAN] = [0.6745, Math.sqrt(2 / Math.PI)];

/** The second difference along an axis: x[i] − 2·x[i + 1] + x[i + 2]. */
function secondDifference(x: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const length = x.shape[axis] - 2;
  const part = (from: number) => {
    const [begin, size] = [
      [0, 0, 0, 0],
      [-1, -1, -1, -1],
    ];
    begin[axis] = from;
    size[axis] = length;
    return x.slice(begin, size);
  };
  return part(0).sub(part(1).mul(2)).add(part(2));
}

/**
 * Estimates how strong the noise on each image is: σ̂ = median |N ∗ x| / (6 · 0.6745), N = [1 −2 1]ᵀ·[1 −2 1] (Immerkær, 1996, who
 * takes the mean), over all pixels and channels. Edges and lines count little, and noise of deviation σ gives σ.
 *
 * A median changes with one pixel alone, so its gradient is that of the mean in its place: mean |N ∗ x| / (6 · √(2/π)) (BPDA).
 *
 * @param images at least 3 × 3 pixels.
 * @returns [batch]
 */
export function noiseLevel(images: tf.Tensor4D): tf.Tensor1D {
  return tf.tidy(() => {
    const rough = secondDifference(secondDifference(images, 1), 2).abs();
    const values = rough.reshape<tf.Tensor2D>([images.shape[0], -1]);
    const half = Math.ceil(values.shape[1] / 2);
    const level = withStandIn<tf.Tensor2D, tf.Tensor1D>(
      (x) => {
        const largest = tf.topk(x, x.shape[1] - half + 1).values;
        return largest
          .slice([0, x.shape[1] - half], [-1, 1])
          .reshape<tf.Tensor1D>([-1])
          .div(GAIN * MEDIAN);
      },
      (x) => x.mean<tf.Tensor1D>(1).div(GAIN * MEAN),
    );
    return level(values);
  });
}

/**
 * Adds a channel that has the estimated noise of the image everywhere: see `noiseLevel`.
 *
 *     [batch, height, width, channels] → [batch, height, width, channels + 1]
 */
export class NoiseLevel extends tf.layers.Layer {
  /** Name under which the layer is saved. */
  static readonly className = 'NoiseLevel';

  override computeOutputShape([batch, height, width, channels]: number[]): tf.Shape {
    return [batch, height, width, channels + 1];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
      const [batch, height, width] = x.shape;
      const level = noiseLevel(x).reshape([batch, 1, 1, 1]);
      return tf.concat([x, level.mul<tf.Tensor4D>(tf.ones([batch, height, width, 1]))], 3);
    });
  }
}
tf.serialization.registerClass(NoiseLevel);

/** Counts the operations of a noise level: two second differences and a size for each value, and as many to find the median. */
export const noiseLevelFlops: FlopRule = ({ output }) => {
  const [height, width, channels] = output;
  return { paper: 0, executed: 8 * height * width * (channels - 1) };
};
