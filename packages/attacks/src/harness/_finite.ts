import * as tf from '@tensorflow/tfjs';

/** Whether no value is NaN or infinite: a scalar, which a compiled function may compute. */
export const allFinite = (x: tf.Tensor): tf.Scalar => tf.tidy(() => tf.isFinite(x).all() as tf.Scalar);

/** The value of such a scalar, which is freed. */
export function isTrue(flag: tf.Scalar): boolean {
  const [value] = flag.dataSync();
  flag.dispose();
  return value === 1;
}
