import * as tf from '@tensorflow/tfjs';
import { convolutionFilterGradient, convolutionInputGradient } from './_convolution-gradients.js';

/**
 * Registers two kernels for training on tfjs's wasm backend: the gradient of a convolution by its filter, which the backend
 * lacks, and the one by its input, which it computes in plain loops. Both become convolutions, which XNNPACK computes.
 */
export function registerWasmKernels(): void {
  if (tf.getKernel('Conv2DBackpropFilter', 'wasm')) return;
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs: { x, dy }, attrs }) =>
      convolutionFilterGradient(asTensor(x), asTensor(dy), attrs as unknown as tf.Conv2DBackpropFilterAttrs),
  });

  const plain = tf.getKernel('Conv2DBackpropInput', 'wasm');
  tf.unregisterKernel('Conv2DBackpropInput', 'wasm');
  tf.registerKernel({
    ...plain,
    kernelFunc(request) {
      const { dy, filter } = request.inputs;
      const attrs = request.attrs as unknown as tf.Conv2DBackpropInputAttrs;
      const [down, right] = [attrs.strides].flat();
      if (attrs.dataFormat !== 'NHWC' || down !== 1 || (right ?? down) !== 1)
        return plain.kernelFunc(request);
      return convolutionInputGradient(asTensor(dy), asTensor(filter), attrs);
    },
  });
}

/** A kernel's input as a tensor that shares its data and adds no reference to it. */
const asTensor = (info: tf.TensorInfo | undefined): tf.Tensor4D =>
  (info instanceof tf.Tensor
    ? info
    : tf.engine().makeTensorFromTensorInfo(info as tf.TensorInfo)) as tf.Tensor4D;
