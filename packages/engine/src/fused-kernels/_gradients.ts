import * as tf from '@tensorflow/tfjs';
import type { BackwardAttributes, WeightMapAttributes } from './_execute.js';
import { registerSecondGradients } from './_second-gradients.js';

/** With up to this many channels x counts as an image, whose gradient a training step doesn't need. */
const IMAGE_CHANNELS = 4;

/** Registers the gradients of the fused kernels: for all backends, used where the kernels are. */
export function registerGradients(): void {
  for (const [kernelName, unsharp] of [
    ['SmoothingWeightMap', false],
    ['UnsharpWeightMap', true],
  ] as const)
    tf.registerGradient({
      kernelName,
      inputsToSave: ['x', 'weightMap'],
      outputsToSave: [true],
      gradFunc: (dy, saved, attrs) =>
        gradients(dy as tf.Tensor, saved, { ...(attrs as unknown as WeightMapAttributes), unsharp }),
    });
  registerSecondGradients();
}

/**
 * dx, dWeightMap and dBias, each computed only when tfjs asks for it.
 *
 * dx and dWeightMap both need the box sum of dy, so one operation for both is cheaper than two. But tfjs asks for one
 * gradient after the other, and doesn't say which ones will follow. The layers name the weight map before x, and a training
 * step that needs dWeightMap also needs dx, unless x is the image. So a request for dWeightMap computes both, and an attack,
 * which requests dx alone, computes dx alone. A wrong guess costs only time: the values are the same to the last bit.
 * Gradients that are computed ahead join the tensors saved for this node, which tfjs disposes.
 */
function gradients(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attributes: BackwardAttributes,
): Record<string, () => tf.Tensor> {
  const [x, weightMap, output] = saved;
  const y = attributes.relu ? output : dy;
  const known: { x?: tf.Tensor; weightMap?: tf.Tensor; bias?: tf.Tensor } = {};

  const ofWeights = (name: 'weightMap' | 'bias'): tf.Tensor => {
    if (!known[name])
      if (x.shape[3]! > IMAGE_CHANNELS && !known.x)
        [known.x, known.weightMap, known.bias] = keep(run('WeightMapBackward', { x, weightMap, y, dy }));
      else [known.weightMap, known.bias] = keep(run('WeightMapBackwardWeights', { x, y, dy }));
    return tf.clone(known[name]!);
  };
  const keep = (results: tf.Tensor[]): tf.Tensor[] => {
    saved.push(...results.map((result) => tf.keep(result)));
    return results;
  };
  const run = (kernel: string, inputs: tf.NamedTensorMap): tf.Tensor[] =>
    tf.engine().runKernel(kernel, inputs, attributes as unknown as tf.NamedAttrMap);

  return {
    x: () => (known.x ? tf.clone(known.x) : one(run('WeightMapBackwardInput', { weightMap, y, dy }))),
    weightMap: () => ofWeights('weightMap'),
    bias: () => ofWeights('bias'),
  };
}

/** A kernel with one output returns a tensor, not a list. */
const one = (result: tf.Tensor | tf.Tensor[]): tf.Tensor => (Array.isArray(result) ? result[0] : result);
