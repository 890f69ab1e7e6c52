import * as tf from '@tensorflow/tfjs';

/**
 * Gradient of a 2-D convolution by its filter, as a convolution.
 *
 * dW[u, v, ci, co] = Σ over b, i, j of x[b, i·s + u − top, j·s + v − left, ci] · dy[b, i, j, co]: the padded input, with
 * channels as its batch and the batch as its channels, convolved with dy; the stride s becomes dy's dilation.
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
  return tf.tidy(() => {
    const [kh, kw, ci, co] = filterShape;
    const { padInfo, strideHeight, strideWidth } = tf.backend_util.computeConv2DInfo(
      x.shape,
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const padded = tf.pad4d(x, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]);
    const sums = tf.conv2d(
      padded.transpose<tf.Tensor4D>([3, 1, 2, 0]),
      dy.transpose<tf.Tensor4D>([1, 2, 0, 3]),
      1,
      'valid',
      'NHWC',
      [strideHeight, strideWidth],
    );
    // The stride may leave rows and columns unused: then there are more sums than filter entries.
    return sums.slice([0, 0, 0, 0], [ci, kh, kw, co]).transpose<tf.Tensor4D>([1, 2, 0, 3]);
  });
}

/**
 * Gradient of a 2-D convolution of stride 1 by its input, as a convolution.
 *
 * dx = dy, with k − 1 − padding zeros around it, convolved with the filter rotated by 180°, its channels swapped.
 *
 * @param dy [batch, Ho, Wo, Co]
 * @param filter [kh, kw, Ci, Co]
 * @returns [batch, height, width, Ci]
 */
export function convolutionInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  { strides, pad, dimRoundingMode, inputShape }: tf.Conv2DBackpropInputAttrs,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [kh, kw] = filter.shape;
    const { padInfo } = tf.backend_util.computeConv2DInfo(
      inputShape,
      filter.shape,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const surrounded = tf.pad4d(dy, [
      [0, 0],
      [kh - 1 - padInfo.top, kh - 1 - padInfo.bottom],
      [kw - 1 - padInfo.left, kw - 1 - padInfo.right],
      [0, 0],
    ]);
    const turned = filter.reverse([0, 1]).transpose<tf.Tensor4D>([0, 1, 3, 2]);
    return tf.conv2d(surrounded, turned, 1, 'valid');
  });
}
