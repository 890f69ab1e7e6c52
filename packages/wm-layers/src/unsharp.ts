import * as tf from '@tensorflow/tfjs';
import { WeightMapLayer, type WeightMapLayerArgs } from './_weight-map-layer.js';
import { weightMapOp, type OperationOptions } from './_weight-map-op.js';

/**
 * Computes an unsharp weight map: weights every pixel, then subtracts a window's sum from twice the weighted pixel.
 *
 *     m = W_ci ⊙ x_ci,   o = Σ_ci (2·m − box_k(m)) + b     (box_k: convolution with a k×k kernel of ones)
 *
 * 2·m is taken under the window's centre, floor((k − 1)/2) pixels from its first row and column; with the
 * paper's 'same' padding that is m itself, with other paddings m cropped or surrounded with zeros.
 * Differentiable in x, weightMap and bias. A stride keeps every s-th position of the stride-1 output.
 * The caller owns the result.
 *
 * @param x [batch, height, width, Ci], float32
 * @param weightMap [height, width, Ci, Co]: a weight for every pixel and pair of channels
 * @param bias [Ho, Wo, Co], one per output position (see `weightMapOutputSize`), or null
 * @returns [batch, Ho, Wo, Co]
 * @throws Error if a shape, dtype or option doesn't fit; it says which, what was given and what was expected.
 * @see paper, section 3, equations 1, 3 and 4
 */
export function unsharp(
  x: tf.Tensor4D,
  weightMap: tf.Tensor4D,
  bias: tf.Tensor3D | null = null,
  { kernelSize = 3, padding = 'same', strides = 1, activation = 'linear' }: OperationOptions = {},
): tf.Tensor4D {
  return weightMapOp('unsharp', x, weightMap, bias, { kernelSize, padding, strides, activation });
}

/**
 * `unsharp` as a layer with a learned weight map and bias: [batch, H, W, Ci] → [batch, Ho, Wo, filters].
 *
 * The size of its input is fixed when it is built. Weights: `weightMap` [H, W, Ci, filters] and `bias`
 * [Ho, Wo, filters], both ~ U(−s, s) with s = 1/√fan_in (paper, section 4).
 *
 * @throws Error if an argument is invalid, or the input's height or width isn't known.
 * @see paper, section 3, equations 1, 3 and 4
 */
export class UnsharpWeightMap extends WeightMapLayer {
  /** Name of the class in a saved model. */
  static readonly className = 'UnsharpWeightMap';

  constructor(args: WeightMapLayerArgs) {
    super(args, 'unsharp', 'same');
  }
}
tf.serialization.registerClass(UnsharpWeightMap);

/**
 * Makes an unsharp weight map layer: each pixel has its own weights, then a k×k window's sum is subtracted from twice the
 * weighted pixel.
 *
 * [batch, H, W, Ci] → [batch, Ho, Wo, filters]; see `UnsharpWeightMap` for weights and errors.
 *
 * @see paper, section 3, equations 1, 3 and 4
 */
export const unsharpWeightMap = (args: WeightMapLayerArgs): UnsharpWeightMap => new UnsharpWeightMap(args);
