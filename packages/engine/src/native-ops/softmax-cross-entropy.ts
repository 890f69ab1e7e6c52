import * as tf from '@tensorflow/tfjs';
import { execute, TENSORFLOW, typeOf } from '../tensorflow/backend.js';
import { hasKernel, run } from './_kernel.js';

/** Name of TensorFlow's operation and of our kernel: the loss of each row and its gradient, in one pass. */
const SPARSE_SOFTMAX = 'SparseSoftmaxCrossEntropyWithLogits';

/**
 * Softmax cross-entropy of logits and class indices, mean over the batch:
 * L = 1/B · Σ_b (log Σ_c exp z[b,c] − z[b, label_b]), with gradient (softmax(z) − onehot(label)) / B.
 *
 * The native engine computes value and gradient by one operation of TensorFlow; other engines use tfjs's
 * `softmaxCrossEntropy`, which gives the same up to rounding. Probabilities are not clipped.
 *
 * @param logits [batch, classes], unnormalised.
 * @param labels [batch], int32, 0 … classes − 1.
 */
export function sparseSoftmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.tidy(() => {
    if (hasKernel(SPARSE_SOFTMAX)) return tf.mean<tf.Scalar>(lossOfEach(logits, labels));
    // Not `oneHot(…, 'float32')`: the wasm kernel writes integers into it, and their bits read as 1e-45.
    const targets = tf.oneHot(labels, logits.shape[1]).toFloat();
    return tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(targets, logits);
  });
}

function lossOfEach(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor {
  const loss = tf.customGrad((z, save) => {
    const [value, gradient] = run(SPARSE_SOFTMAX, { logits: z as tf.Tensor, labels });
    (save as tf.GradSaveFunc)([gradient]);
    return { value, gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => dy.expandDims(1).mul(saved) };
  });
  return loss(logits);
}

export function registerSparseSoftmax(): void {
  tf.registerKernel({
    kernelName: SPARSE_SOFTMAX,
    backendName: TENSORFLOW,
    kernelFunc: ({ inputs: { logits, labels } }) =>
      execute(SPARSE_SOFTMAX, [logits!, labels!], { T: typeOf('float32'), Tlabels: typeOf('int32') }, 2),
  });
}
