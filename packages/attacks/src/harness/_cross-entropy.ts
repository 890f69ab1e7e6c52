import * as tf from '@tensorflow/tfjs';

/**
 * Softmax cross-entropy of each image, CE = softplus(m) with the margin m = log Σ_{j≠y} e^{z_j} − z_y.
 *
 * This equals the textbook's −log softmax(z)_y, but its gradient does not vanish where the classifier is confident. The
 * usual gradient, softmax(z)_y − 1, is exactly 0 in float32 from a margin of about 17, which looks like robustness but is
 * not. Here ∂CE/∂z = σ(m)·(softmax over j≠y − onehot(y)), which underflows only from a margin of about 87. The value is not
 * rounded to 0 either: attacks compare the losses of their steps.
 *
 * @param logits [batch, classes], two classes or more
 * @param labels [batch], int32
 * @returns [batch]
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const loss = tf.customGrad((z, save) => {
    const { value, gradient } = tf.tidy(() => {
      const truth = tf.oneHot(labels, logits.shape[1]).cast('float32');
      const others = tf.sub(1, truth);
      const own = (z as tf.Tensor).mul(truth).sum(1, true);
      const ahead = (z as tf.Tensor).sub(own);
      const top = ahead.sub(truth.mul(1e30)).max(1, true);
      // The label's own entry may be far above `top`: clip it before exp, to avoid ∞ · 0.
      const weights = ahead.sub(top).minimum(0).exp().mul(others);
      const total = weights.sum(1, true);
      const margin = top.add(total.log());
      return {
        value: margin.relu().add(margin.abs().neg().exp().log1p()).squeeze<tf.Tensor1D>([1]),
        gradient: weights.div(total).sub(truth).mul(margin.sigmoid()),
      };
    });
    (save as tf.GradSaveFunc)([gradient]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.expandDims(1).mul(saved[0]),
    };
  });
  return loss(logits);
}
