import * as tf from '@tensorflow/tfjs';
import { WeightMapLayer, type WeightMapLayerArgs } from './_weight-map-layer.js';
import { weightMapOp, type OperationOptions } from './_weight-map-op.js';

/**
 * Computes a smoothing weight map: weights every pixel, then sums over the input channels and a k×k window.
 *
 *     o = Σ_ci box_k(W_ci ⊙ x_ci) + b     (box_k: convolution with a k×k kernel of ones)
 *
 * Differentiable in x, weightMap and bias. A stride keeps every s-th position of the stride-1 output.
 * The caller owns the result.
 *
 * @param x [batch, height, width, Ci], float32
 * @param weightMap [height, width, Ci, Co]: a weight for every pixel and pair of channels
 * @param bias [Ho, Wo, Co], one per output position (see `weightMapOutputSize`), or null
 * @returns [batch, Ho, Wo, Co]
 * @throws Error if a shape, dtype or option doesn't fit; it says which, what was given and what was expected.
 * @see paper, section 3, equations 1 and 2
 */
export function smoothing(
  x: tf.Tensor4D,
  weightMap: tf.Tensor4D,
  bias: tf.Tensor3D | null = null,
  { kernelSize = 3, padding = 'valid', strides = 1, activation = 'linear' }: OperationOptions = {},
): tf.Tensor4D {
  return weightMapOp('smoothing', x, weightMap, bias, { kernelSize, padding, strides, activation });
}

/**
 * `smoothing` as a layer with a learned weight map and bias: [batch, H, W, Ci] → [batch, Ho, Wo, filters].
 *
 * The size of its input is fixed when it is built. Weights: `weightMap` [H, W, Ci, filters] and `bias`
 * [Ho, Wo, filters], both ~ U(−s, s) with s = 1/√fan_in (paper, section 4).
 *
 * @throws Error if an argument is invalid, or the input's height or width isn't known.
 * @see paper, section 3, equations 1 and 2
 */
export class SmoothingWeightMap extends WeightMapLayer {
  /** Name of the class in a saved model. */
  static readonly className = 'SmoothingWeightMap';

  constructor(args: WeightMapLayerArgs) {
    super(args, 'smoothing', 'valid');
  }
}
tf.serialization.registerClass(SmoothingWeightMap);

/**
 * Makes a smoothing weight map layer: each pixel has its own weights, then a k×k window is summed.
 *
 * [batch, H, W, Ci] → [batch, Ho, Wo, filters]; see `SmoothingWeightMap` for weights and errors.
 *
 * @see paper, section 3, equations 1 and 2
 */
export const smoothingWeightMap = (args: WeightMapLayerArgs): SmoothingWeightMap =>
  new SmoothingWeightMap(args);
