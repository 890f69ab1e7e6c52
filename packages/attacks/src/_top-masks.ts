import * as tf from '@tensorflow/tfjs';

/** [batch, classes], 1 at each image's class. */
export const classMask = (classes: tf.Tensor1D, count: number): tf.Tensor2D =>
  tf.oneHot(classes, count).cast<tf.Tensor2D>('float32');

/** What is subtracted of a logit that is out of the running. */
const OUT = 1e30;

/**
 * Where the largest logits are: a mask for the largest, one for the second largest, and so on; the first among equals
 * comes first.
 *
 * Constants to the gradient: Σ mask · logits is the k-th largest logit with its gradient, which is 1 at that logit
 * alone. (tfjs can't differentiate `topk`, and gives the gradient of a maximum to all that are equal, to each in full.)
 *
 * @param logits [batch, classes]
 * @param without [batch, classes], 1 at what is left out.
 * @returns `count` masks [batch, classes]
 */
export function topMasks(logits: tf.Tensor2D, count: number, without?: tf.Tensor2D): tf.Tensor2D[] {
  const find = tf.customGrad((z) => {
    const value = tf.tidy(() => {
      const masks: tf.Tensor2D[] = [];
      let left = z as tf.Tensor2D;
      if (without) left = left.sub(without.mul(OUT));
      for (let k = 0; k < count; k++) {
        masks.push(classMask(left.argMax(1), logits.shape[1]));
        left = left.sub(masks[k].mul(OUT));
      }
      return tf.stack(masks);
    });
    return { value, gradFunc: () => tf.zeros(logits.shape) };
  });
  return tf.unstack(find(logits)) as tf.Tensor2D[];
}
