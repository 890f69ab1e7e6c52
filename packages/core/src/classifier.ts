import type * as tf from '@tensorflow/tfjs';

/**
 * What an attack or a metric needs to know of a model: a differentiable function from images to
 * logits, and the range that valid pixels lie in.
 */
export interface Classifier {
  /** Number of classes. */
  readonly classes: number;
  /** [height, width, channels]. */
  readonly inputShape: readonly [number, number, number];
  /** Smallest and largest valid pixel. */
  readonly bounds: readonly [low: number, high: number];
  /**
   * @param images [batch, height, width, channels] within the bounds.
   * @returns [batch, classes], unnormalised (no softmax).
   */
  logits(images: tf.Tensor4D): tf.Tensor2D;
}

/**
 * A Layers model as a classifier, in inference mode (batch normalisation by its moving statistics).
 *
 * @param model maps [batch, height, width, channels] to logits [batch, classes].
 */
export function asClassifier(
  model: tf.LayersModel,
  { bounds = [0, 1] as const }: { bounds?: readonly [number, number] } = {},
): Classifier {
  const [, height, width, channels] = model.inputs[0].shape as [null, number, number, number];
  return {
    classes: model.outputs[0].shape[1] as number,
    inputShape: [height, width, channels],
    bounds,
    logits: (images) => model.apply(images, { training: false }) as tf.Tensor2D,
  };
}
