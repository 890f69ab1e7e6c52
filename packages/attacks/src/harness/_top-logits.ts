import * as tf from '@tensorflow/tfjs';
import type { Victim } from '@weightmap/core';

/** [batch, classes], 1 at each image's class. */
export const classMask = (classes: tf.Tensor1D, count: number): tf.Tensor2D =>
  tf.oneHot(classes, count).cast<tf.Tensor2D>('float32');

/** [1, classes], 1 at the classes that abstain. */
export const abstaining = (classes: number, answers = classes): tf.Tensor2D =>
  tf.tensor2d(
    Array.from({ length: classes }, (_, i) => Number(i >= answers)),
    [1, classes],
  );

/** Subtracted from a logit to exclude it. */
const OUT = 1e30;

/**
 * The classes with the largest logits, in descending order; the first of equal logits comes first. Not differentiable.
 *
 * @param logits [batch, classes]
 * @param without [batch, classes], 1 at the classes to leave out.
 * @returns `count` tensors [batch] of int32
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
 * The classes with the largest logits, without the label's and those that abstain, in descending order: tensors [batch] of
 * int32.
 */
export function rivals(
  victim: Victim,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
  count: number,
): tf.Tensor1D[] {
  const logits = victim.logits(images);
  const { classes, answers = classes } = victim;
  const without = classMask(labels, classes).maximum<tf.Tensor2D>(abstaining(classes, answers));
  return topClasses(logits, Math.min(count, answers - 1), without);
}

/**
 * The largest logits with their gradient: 1 at that logit, 0 at the others. (tfjs cannot differentiate `topk`, and its
 * maximum passes the whole gradient to each of several equal values.)
 *
 * @param logits [batch, classes]
 * @param without [batch, classes], 1 at the classes to leave out.
 * @returns `count` tensors [batch]
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
