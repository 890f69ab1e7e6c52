import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '@weightmap/core';

/**
 * logits = flatten(x)·W + b: the one classifier whose optimal perturbations are known in closed form.
 *
 * For two classes the smallest L∞ change that reaches the boundary is |Δz| / ‖w₁ − w₀‖₁, and the
 * smallest L2 change |Δz| / ‖w₁ − w₀‖₂, with Δz the difference of the logits.
 */
export function linearClassifier({
  inputShape,
  weights,
  bias,
  bounds = [0, 1],
}: {
  inputShape: readonly [number, number, number];
  /** [height·width·channels][classes] */
  weights: readonly (readonly number[])[];
  bias: readonly number[];
  bounds?: readonly [number, number];
}): Classifier {
  const rows = weights.map((row) => [...row]);
  return {
    classes: bias.length,
    inputShape,
    bounds,
    logits: (images) =>
      tf.tidy(() =>
        images
          .reshape<tf.Tensor2D>([images.shape[0], rows.length])
          .matMul<tf.Tensor2D>(tf.tensor2d(rows))
          .add<tf.Tensor2D>([...bias]),
      ),
  };
}
