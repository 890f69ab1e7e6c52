import * as tf from '@tensorflow/tfjs';
import { execute, TENSORFLOW, typeOf } from '../tensorflow/backend.js';
import { hasKernel, run } from './_kernel.js';

/** Name of TensorFlow's operation and of our kernel: dx = dy where y > 0, else 0. */
const RELU_GRAD = 'ReluGrad';

const reluGrad = (dy: tf.Tensor, y: tf.Tensor): tf.Tensor => run(RELU_GRAD, { dy, y })[0];

/**
 * Registers the gradient of ReLU as one operation; tfjs composes it of five.
 *
 * It uses the output, which is positive in the same places as the input. So the input needn't be kept, and TensorFlow can
 * fuse bias and ReLU with the operation before them. relu'(0) = 0.
 */
export function registerReluGradient(): void {
  tf.registerKernel({
    kernelName: RELU_GRAD,
    backendName: TENSORFLOW,
    kernelFunc: ({ inputs: { dy, y } }) => execute(RELU_GRAD, [dy!, y!], { T: typeOf('float32') })[0],
  });
  tf.registerGradient({
    kernelName: RELU_GRAD,
    inputsToSave: ['y'],
    gradFunc: (ddx, [y]) => ({
      dy: () => reluGrad(ddx as tf.Tensor, y),
      y: () => tf.zerosLike(y),
    }),
  });
  const composed = tf.getGradient(tf.Relu);
  tf.registerGradient({
    ...composed,
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => {
      const [x, y] = saved;
      if (!hasKernel(RELU_GRAD) || y.dtype !== 'float32') return composed.gradFunc(dy, [x], attributes);
      return { x: () => reluGrad(dy as tf.Tensor, y) };
    },
  });
}
