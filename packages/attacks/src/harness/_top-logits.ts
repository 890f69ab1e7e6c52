import * as tf from '@tensorflow/tfjs';

/** [batch, classes], 1 at each image's class. */
export const classMask = (classes: tf.Tensor1D, count: number): tf.Tensor2D =>
  tf.oneHot(classes, count).cast<tf.Tensor2D>('float32');

/** What is subtracted of a logit that is out of the running. */
const OUT = 1e30;

/**
 * The classes of the largest logits: of the largest, of the second largest, and so on; the first among equals comes first.
 * Not differentiable.
 *
 * @param logits [batch, classes]
 * @param without [batch, classes], 1 at what is left out.
 * @returns `count` times [batch], int32
 */
export function topClasses(logits: tf.Tensor2D, count: number, without?: tf.Tensor2D): tf.Tensor1D[] {
  const classes: tf.Tensor1D[] = [];
  let left = without ? logits.sub<tf.Tensor2D>(without.mul(OUT)) : logits;
  for (let k = 0; k < count; k++) {
    classes.push(left.argMax(1));
    left = left.sub(classMask(classes[k], logits.shape[1]).mul(OUT));
  }
  return classes;
}

/**
 * The largest logits themselves, with their gradient: 1 at that logit, 0 at the others. (tfjs can't differentiate `topk`,
 * and hands the gradient of a maximum to all that are equal, to each in full.)
 *
 * @param logits [batch, classes]
 * @param without [batch, classes], 1 at what is left out.
 * @returns `count` times [batch]
 */
export function topLogits(logits: tf.Tensor2D, count: number, without?: tf.Tensor2D): tf.Tensor1D[] {
  const find = tf.customGrad((z, save) => {
    const { value, masks } = tf.tidy(() => {
      const classes = topClasses(z as tf.Tensor2D, count, without);
      const each = tf.stack(classes.map((top) => classMask(top, logits.shape[1])));
      return { value: each.mul(z as tf.Tensor).sum(2), masks: each };
    });
    (save as tf.GradSaveFunc)([masks]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => saved[0].mul(dy.expandDims(2)).sum(0),
    };
  });
  const all = find(logits);
  return Array.from({ length: count }, (_, k) => all.slice([k, 0], [1, -1]).reshape([-1]));
}
