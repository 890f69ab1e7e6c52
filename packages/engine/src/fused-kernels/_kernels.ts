import * as tf from '@tensorflow/tfjs';
import { TENSORFLOW } from '../tensorflow/backend.js';
import { execute, outputSize, type BackwardAttributes, type WeightMapAttributes } from './_execute.js';

const backendName = TENSORFLOW;
type Inputs = Record<string, tf.TensorInfo>;

/** Registers the layers' two kernels, under the names that the layers use, and the three for their gradients. */
export function registerKernels(): void {
  for (const [kernelName, unsharp] of [
    ['SmoothingWeightMap', false],
    ['UnsharpWeightMap', true],
  ] as const)
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const { x, weightMap, bias } = inputs as Inputs;
        return forward(x, weightMap, bias, { ...(attrs as unknown as WeightMapAttributes), unsharp });
      },
    });

  const backward = (kernelName: string, names: readonly string[], outputs: number) =>
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const ordered = names.map((name) => (inputs as Inputs)[name]);
        const results = execute(kernelName, ordered, outputs, attrs as unknown as BackwardAttributes);
        return outputs === 1 ? results[0] : results;
      },
    });
  backward('WeightMapBackward', ['x', 'weightMap', 'y', 'dy'], 3);
  backward('WeightMapBackwardInput', ['weightMap', 'y', 'dy'], 1);
  backward('WeightMapBackwardWeights', ['x', 'y', 'dy'], 2);
}

function forward(
  x: tf.TensorInfo,
  weightMap: tf.TensorInfo,
  bias: tf.TensorInfo | undefined,
  attributes: BackwardAttributes,
): tf.TensorInfo {
  // The operation takes the output's size from the bias: without a bias it gets one without channels.
  const none = bias ? null : tf.zeros([...outputSize([x.shape[1], x.shape[2]], attributes), 0]);
  const [y] = execute('WeightMapForward', [x, weightMap, bias ?? none!], 1, attributes);
  none?.dispose();
  return y;
}
