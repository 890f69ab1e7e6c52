import * as tf from '@tensorflow/tfjs';
import { convolutionFilterGradient, convolutionInputGradient } from './_convolution-gradients.js';

/**
 * Registers what training needs and tfjs's wasm backend lacks (the gradient of a convolution by its filter) or does in
 * plain loops (the one by its input). Both become convolutions, which the backend hands to XNNPACK.
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

/** A kernel's input as a tensor that shares its data (and adds no reference of its own). */
const asTensor = (info: tf.TensorInfo | undefined): tf.Tensor4D =>
  (info instanceof tf.Tensor
    ? info
    : tf.engine().makeTensorFromTensorInfo(info as tf.TensorInfo)) as tf.Tensor4D;
