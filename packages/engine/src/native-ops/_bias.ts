import * as tf from '@tensorflow/tfjs';
import { execute, TENSORFLOW, typeOf } from '../tensorflow/backend.js';
import { hasKernel, run } from './_kernel.js';

/** Name of TensorFlow's operation and of our kernel: the sum over all axes but the last. */
const BIAS_ADD_GRAD = 'BiasAddGrad';

/**
 * Registers TensorFlow's own operations for the addition of a bias, one number for each channel: BiasAdd, which TensorFlow
 * fuses with the convolution or matrix product before it and the ReLU after it, and BiasAddGrad, faster than a general sum.
 */
export function registerBias(): void {
  tf.registerKernel({
    kernelName: BIAS_ADD_GRAD,
    backendName: TENSORFLOW,
    kernelFunc: ({ inputs: { dy } }) =>
      execute(BIAS_ADD_GRAD, [dy!], {
        T: typeOf('float32'),
        data_format: { kind: 'string', value: 'NHWC' },
      })[0],
  });
  tf.registerGradient({
    kernelName: BIAS_ADD_GRAD,
    inputsToSave: ['dy'],
    gradFunc: (ddb, [dy]) => ({ dy: () => tf.zerosLike(dy).add(ddb as tf.Tensor) }),
  });
  registerGradient();
  registerForward();
}

function registerGradient(): void {
  const composed = tf.getGradient(tf.Add);
  tf.registerGradient({
    ...composed,
    gradFunc: (dy, saved, attributes) => {
      const gradients = composed.gradFunc(dy, saved, attributes);
      const [a, b] = saved;
      if (!hasKernel(BIAS_ADD_GRAD) || !isBias(a, b)) return gradients;
      return { ...gradients, b: () => tf.reshape(run(BIAS_ADD_GRAD, { dy: dy as tf.Tensor })[0], b.shape) };
    },
  });
}

function registerForward(): void {
  const composed = tf.getKernel(tf.Add, TENSORFLOW);
  tf.unregisterKernel(tf.Add, TENSORFLOW);
  tf.registerKernel({
    ...composed,
    kernelFunc: (parameters) => {
      const { a, b } = parameters.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      if (!isBias(a, b)) return composed.kernelFunc(parameters);
      // tfjs's layers pass [1, 1, 1, channels].
      return tf.tidy(() => {
        const bias = b.shape.length === 1 ? b : tf.reshape(b as tf.Tensor, [-1]);
        return execute('BiasAdd', [a, bias], {
          T: typeOf('float32'),
          data_format: { kind: 'string', value: 'NHWC' },
        })[0];
      });
    },
  });
}

/** Whether b is one number for each channel, the last axis, of a. */
function isBias(a: tf.TensorInfo, b: tf.TensorInfo): boolean {
  const channels = a.shape.at(-1);
  return (
    a.dtype === 'float32' &&
    b.dtype === 'float32' &&
    a.shape.length >= 2 &&
    a.shape.length <= 5 &&
    b.shape.length >= 1 &&
    b.shape.length <= a.shape.length &&
    b.shape.at(-1) === channels &&
    b.shape.slice(0, -1).every((size) => size === 1)
  );
}
