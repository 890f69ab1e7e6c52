import type * as tf from '@tensorflow/tfjs';

/**
 * Cross-entropy of logits with soft labels, mean over the batch: −Σ_c p_c · log softmax(z)_c.
 *
 * @param logits [batch, classes]
 * @param labels [batch, classes], which sum to 1 in each row.
 */
export const softCrossEntropy = (logits: tf.Tensor2D, labels: tf.Tensor2D): tf.Scalar =>
  labels.mul(logits.logSoftmax()).sum(1).mean<tf.Scalar>().neg();
