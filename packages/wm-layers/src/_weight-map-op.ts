import * as tf from '@tensorflow/tfjs';
import { argumentError, show } from './_argument-error.js';
import { reduce, type Reduction } from './_reduction.js';
import { resolveWindow, type WindowGeometry, type WindowOptions } from './window.js';

/** Options of the operations `smoothing` and `unsharp`. */
export interface OperationOptions extends WindowOptions {
  /** Applied to the output, in the same pass where the backend has a fused kernel. Default 'linear'. */
  activation?: 'linear' | 'relu';
}

/**
 * Both weight map operations, checked and dispatched.
 *
 * The one place that decides how an operation runs: a backend with a fused kernel of its own
 * ('SmoothingWeightMap', 'UnsharpWeightMap') is asked, every other one runs the composed form.
 */
export function weightMapOp(
  reduction: Reduction,
  x: tf.Tensor4D,
  weightMap: tf.Tensor4D,
  bias: tf.Tensor3D | null,
  { activation, ...options }: Required<OperationOptions>,
): tf.Tensor4D {
  checkInputs(reduction, x, weightMap);
  const window = resolveWindow(reduction, [x.shape[1], x.shape[2]], options);
  if (bias) checkBias(reduction, bias, [...window.outputSize, weightMap.shape[3]]);
  if (activation !== 'linear' && activation !== 'relu')
    throw argumentError(`${reduction}: activation`, `got ${show(activation)}`, "'linear' or 'relu'");
  const kernel = KERNELS[reduction];
  const relu = activation === 'relu';
  if (tf.getKernel(kernel, tf.getBackend())) return fused(kernel, x, weightMap, bias, window, relu);
  return tf.tidy(() => {
    const output = composed(reduction, x, weightMap, bias, window);
    return relu ? tf.relu(output) : output;
  });
}

/** What a backend's fused kernels are registered as. */
const KERNELS = { smoothing: 'SmoothingWeightMap', unsharp: 'UnsharpWeightMap' } as const;

/** Bias and ReLU in the same pass. The weights come first: the kernels' gradients are asked for in this order. */
function fused(
  kernel: string,
  x: tf.Tensor4D,
  weightMap: tf.Tensor4D,
  bias: tf.Tensor3D | null,
  { kernelSize, padding, strides }: WindowGeometry,
  relu: boolean,
): tf.Tensor4D {
  const attributes = { kernelSize, padding: padding.flat(), strides: [...strides], relu };
  return tf.engine().runKernel(kernel, { weightMap, ...(bias && { bias }), x }, attributes);
}

/**
 * The summed form: the sum over input channels commutes with the box, so it is taken first.
 *
 * Gradients, dM being that of `reduce`: dW[p] = x[p]ᵀ·dM[p], dx[p] = dM[p]·W[p]ᵀ, db = Σ_B dy. The first two
 * are those of the matrix product, taken lazily: an attack, which wants dx alone, pays for no dW.
 */
function composed(
  reduction: Reduction,
  x: tf.Tensor4D,
  weightMap: tf.Tensor4D,
  bias: tf.Tensor3D | null,
  window: WindowGeometry,
): tf.Tensor4D {
  const output = reduce(weightedMap(x, weightMap), reduction, window);
  return bias ? tf.add(output, bias) : output;
}

/**
 * M[p] = Σ_ci x[p]·W[p]: at every pixel p a product [batch, Ci]·[Ci, Co], all of them in one call.
 *
 * @param x [batch, height, width, Ci]
 * @param weightMap [height, width, Ci, Co]
 * @returns [batch, height, width, Co]
 */
function weightedMap(x: tf.Tensor4D, weightMap: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, inputs] = x.shape;
  const outputs = weightMap.shape[3];
  const pixels = height * width;
  const byPixel = x.reshape([batch, pixels, inputs]).transpose([1, 0, 2]);
  const products = tf.matMul(byPixel, weightMap.reshape([pixels, inputs, outputs]));
  return products.transpose([1, 0, 2]).reshape([batch, height, width, outputs]);
}

function checkInputs(where: string, x: tf.Tensor4D, weightMap: tf.Tensor4D): void {
  requireTensor(`${where}: x`, x, '[batch, height, width, Ci]', 4);
  requireTensor(`${where}: weightMap`, weightMap, '[height, width, Ci, Co]', 4);
  const [, height, width, inputs] = x.shape;
  const matches = [height, width, inputs].every((size, axis) => size === weightMap.shape[axis]);
  if (!matches)
    throw argumentError(
      `${where}: weightMap`,
      `got shape ${show(weightMap.shape)} for x of shape ${show(x.shape)}`,
      `[${height}, ${width}, ${inputs}, Co], x's height, width and channels`,
    );
}

function checkBias(where: string, bias: tf.Tensor3D, expected: number[]): void {
  requireTensor(`${where}: bias`, bias, '[Ho, Wo, Co]', 3);
  if (bias.shape.some((size, axis) => size !== expected[axis]))
    throw argumentError(
      `${where}: bias`,
      `got shape ${show(bias.shape)}`,
      `${show(expected)}, the output's size after striding, and Co`,
    );
}

function requireTensor(where: string, value: unknown, layout: string, rank: number): void {
  if (!(value instanceof tf.Tensor))
    throw argumentError(where, `got ${show(value)}`, `a tensor of shape ${layout}`);
  if (value.rank !== rank) throw argumentError(where, `got shape ${show(value.shape)}`, layout);
  if (value.dtype !== 'float32')
    throw argumentError(where, `got dtype ${value.dtype}`, 'float32: cast it with .toFloat()');
}
