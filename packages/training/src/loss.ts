import type * as tf from '@tensorflow/tfjs';
import { sparseSoftmaxCrossEntropy } from '@weightmap/engine';

/**
 * Softmax cross-entropy of logits, mean over the batch:
 * L = 1/B · Σ_b (log Σ_c exp z[b,c] − z[b, label_b]), with gradient (softmax(z) − onehot(label)) / B.
 *
 * Works on the logits themselves. tfjs's `categoricalCrossentropy` clips probabilities to
 * [1e-7, 1 − 1e-7] instead, whose gradient is exactly zero for confident samples: they would stop
 * being learnt, and would look robust to any attack that follows the gradient.
 *
 * @param logits [batch, classes], unnormalised; any finite values.
 * @param labels [batch], int32, class indices.
 * @returns a scalar, owned by the caller.
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return sparseSoftmaxCrossEntropy(logits, labels);
}
