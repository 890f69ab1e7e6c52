import * as tf from '@tensorflow/tfjs';

/** Registers what training needs and tfjs's wasm backend lacks. */
export function registerMissingWasmKernels(): void {
  if (tf.getKernel('Conv2DBackpropFilter', 'wasm')) return;
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as unknown as tf.Conv2DBackpropFilterInputs;
      return convolutionFilterGradient(
        asTensor(x) as tf.Tensor4D,
        asTensor(dy) as tf.Tensor4D,
        attrs as unknown as tf.Conv2DBackpropFilterAttrs,
      );
    },
  });
}

/** A kernel's input as a tensor that shares its data (and adds no reference of its own). */
const asTensor = (info: tf.TensorInfo | undefined): tf.Tensor =>
  info instanceof tf.Tensor
    ? (info as tf.Tensor)
    : tf.engine().makeTensorFromTensorInfo(info as tf.TensorInfo);

/**
 * Gradient of a 2-D convolution by its filter, from products of matrices.
 *
 * dW[u, v] = Σ over b, i, j of x[b, i·s + u − top, j·s + v − left]ᵀ · dy[b, i, j]: for each of the k² offsets, the
 * shifted input, flattened to [batch·Ho·Wo, Ci], times dy, flattened to [batch·Ho·Wo, Co].
 *
 * @param x [batch, height, width, Ci]
 * @param dy [batch, Ho, Wo, Co]
 * @returns [kh, kw, Ci, Co]
 */
export function convolutionFilterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  { strides, pad, dimRoundingMode, filterShape }: tf.Conv2DBackpropFilterAttrs,
): tf.Tensor4D {
  return tf.tidy<tf.Tensor4D>(() => {
    const { padInfo, strideHeight, strideWidth, outHeight, outWidth } = tf.backend_util.computeConv2DInfo(
      x.shape,
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const [kh, kw, ci, co] = filterShape;
    const batch = x.shape[0];
    const padded = tf.pad4d(x, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]);
    const flatDy = dy.reshape([batch * outHeight * outWidth, co]);
    const products: tf.Tensor[] = [];
    for (let u = 0; u < kh; u++)
      for (let v = 0; v < kw; v++) {
        const shifted = tf.stridedSlice(
          padded,
          [0, u, v, 0],
          [batch, u + (outHeight - 1) * strideHeight + 1, v + (outWidth - 1) * strideWidth + 1, ci],
          [1, strideHeight, strideWidth, 1],
        );
        products.push(tf.matMul(shifted.reshape([batch * outHeight * outWidth, ci]), flatDy, true, false));
      }
    return tf.stack(products).reshape<tf.Tensor4D>(filterShape);
  });
}
