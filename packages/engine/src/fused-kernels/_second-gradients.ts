import * as tf from '@tensorflow/tfjs';
import type { BackwardAttributes } from './_execute.js';

/** Inputs of a gradient kernel, and the cotangents of its outputs. A kernel that lacks one leaves it out. */
interface Bilinear {
  x?: tf.Tensor;
  weightMap?: tf.Tensor;
  y: tf.Tensor;
  dy: tf.Tensor;
  /** Cotangent of dx. */
  u?: tf.Tensor;
  /** Cotangent of dWeightMap. */
  v?: tf.Tensor;
  /** Cotangent of dBias. */
  c?: tf.Tensor;
}

/**
 * Registers the gradients of the gradient kernels, for second derivatives.
 *
 * The layer f(x, W) is linear in either argument and g is dy where ReLU lets it through, so
 * ⟨u, dx⟩ = ⟨f(u, W), g⟩,  ⟨v, dW⟩ = ⟨f(x, v), g⟩,  ⟨c, dBias⟩ = ⟨c, g⟩:
 * the gradients of these are f itself and its first gradients with u in place of x, or v in place of W.
 */
export function registerSecondGradients(): void {
  tf.registerGradient({
    kernelName: 'WeightMapBackward',
    inputsToSave: ['x', 'weightMap', 'y', 'dy'],
    gradFunc: (cotangents, [x, weightMap, y, dy], attrs) => {
      const [u, v, c] = cotangents as tf.Tensor[];
      return gradients({ x, weightMap, y, dy, u, v, c }, attrs as unknown as BackwardAttributes);
    },
  });
  tf.registerGradient({
    kernelName: 'WeightMapBackwardInput',
    inputsToSave: ['weightMap', 'y', 'dy'],
    gradFunc: (u, [weightMap, y, dy], attrs) =>
      gradients({ weightMap, y, dy, u: u as tf.Tensor }, attrs as unknown as BackwardAttributes),
  });
  tf.registerGradient({
    kernelName: 'WeightMapBackwardWeights',
    inputsToSave: ['x', 'y', 'dy'],
    gradFunc: (cotangents, [x, y, dy], attrs) => {
      const [v, c] = cotangents as tf.Tensor[];
      return gradients({ x, y, dy, v, c }, attrs as unknown as BackwardAttributes);
    },
  });
}

function gradients(
  { x, weightMap, y, dy, u, v, c }: Bilinear,
  attributes: BackwardAttributes,
): Record<string, () => tf.Tensor> {
  const layer = (x: tf.Tensor, weightMap: tf.Tensor): tf.Tensor =>
    tf.engine().runKernel(
      attributes.unsharp ? 'UnsharpWeightMap' : 'SmoothingWeightMap',
      { weightMap, x },
      {
        ...attributes,
        relu: false,
      },
    );
  const run = (kernel: string, inputs: tf.NamedTensorMap): tf.Tensor | tf.Tensor[] =>
    tf.engine().runKernel(kernel, inputs, attributes as unknown as tf.NamedAttrMap);
  return {
    x: () => run('WeightMapBackwardInput', { weightMap: v!, y, dy }) as tf.Tensor,
    weightMap: () => (run('WeightMapBackwardWeights', { x: u!, y, dy }) as tf.Tensor[])[0],
    y: () => tf.zerosLike(y),
    dy: () => {
      const terms = [
        ...(u && weightMap ? [layer(u, weightMap)] : []),
        ...(v && x ? [layer(x, v)] : []),
        ...(c ? [tf.broadcastTo(c, dy.shape)] : []),
      ];
      const sum = terms.reduce((a, b) => tf.add(a, b));
      return attributes.relu ? tf.mul(sum, tf.step(y)) : sum;
    },
  };
}
