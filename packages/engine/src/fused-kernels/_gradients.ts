import * as tf from '@tensorflow/tfjs';
import type { BackwardAttributes, WeightMapAttributes } from './_execute.js';
import { registerSecondGradients } from './_second-gradients.js';

/** Up to so many input channels x is taken for an image, whose gradient a training step doesn't want. */
const IMAGE_CHANNELS = 4;

/** Gradients of the fused kernels; registered for all backends, used where the kernels are. */
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
 * dx, dWeightMap and dBias, each when it is asked for, and nothing that isn't.
 *
 * Both need the box sum of dy, so one operation for both is cheaper than two; but tfjs asks for one gradient after
 * the other without saying what follows. The layers name the weight map before x, and who trains a weight map
 * wants the gradient of its input, too, unless that is the image. So the first question after the weights computes
 * both; an attack, which asks for dx alone, pays for dx alone. A wrong guess costs time only: the values are the
 * same to the last bit. What is computed ahead joins the tensors saved for this node, which tfjs disposes.
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

/** A kernel of one output returns it bare. */
const one = (result: tf.Tensor | tf.Tensor[]): tf.Tensor => (Array.isArray(result) ? result[0] : result);
