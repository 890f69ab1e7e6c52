import * as tf from '@tensorflow/tfjs';
import { execute, hasKernel, run, TENSORFLOW, typeOf } from './_kernel.js';

/** TensorFlow's name, and that of our kernel: dx = dy where y > 0, else 0. */
const RELU_GRAD = 'ReluGrad';

const reluGrad = (dy: tf.Tensor, y: tf.Tensor): tf.Tensor => run(RELU_GRAD, { dy, y })[0];

/**
 * The gradient of ReLU as one operation; tfjs composes it from five.
 *
 * It looks at the output rather than the input, which is positive in the same places: so the input
 * needn't be kept, and TensorFlow can compute bias and ReLU along with what is before them. relu'(0) = 0.
 */
export function registerReluGradient(): void {
  tf.registerKernel({
    kernelName: RELU_GRAD,
    backendName: TENSORFLOW,
    kernelFunc: ({ inputs: { dy, y }, backend }) =>
      execute(backend, RELU_GRAD, [dy!, y!], { T: typeOf(backend, 'float32') })[0],
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
