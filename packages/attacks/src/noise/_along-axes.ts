import * as tf from '@tensorflow/tfjs';

/**
 * Filters images along both axes, one after the other, each by a matrix product; channels are filtered separately.
 *
 * @param matrixOf gives the matrix for an axis of `size` pixels, row-major [size, size]: row i holds the weights of the
 *   pixels that are summed for pixel i.
 */
export function alongBothAxes(images: tf.Tensor4D, matrixOf: (size: number) => Float32Array): tf.Tensor4D {
  const [batch, height, width, channels] = images.shape;
  const matrix = (size: number) => tf.tensor3d(matrixOf(size), [1, size, size]);
  const down = tf.matMul(matrix(height), images.reshape([batch, height, width * channels]));
  const turned = down.reshape<tf.Tensor4D>(images.shape).transpose([0, 2, 1, 3]);
  const across = tf.matMul(matrix(width), turned.reshape([batch, width, height * channels]));
  return across.reshape<tf.Tensor4D>([batch, width, height, channels]).transpose([0, 2, 1, 3]);
}
