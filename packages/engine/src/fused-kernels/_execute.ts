import * as tf from '@tensorflow/tfjs';

/** Attributes of the weight map kernels, as the layers give them. */
export interface WeightMapAttributes {
  kernelSize: number;
  /** [top, bottom, left, right] */
  padding: number[];
  /** [down, across] */
  strides: number[];
  relu: boolean;
}

/** Those of the gradient kernels, which serve both layers. */
export interface BackwardAttributes extends WeightMapAttributes {
  unsharp: boolean;
}

/** What is used of tfjs-node's backend. */
interface NativeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_ATTR_INT: number; readonly TF_ATTR_BOOL: number };
  executeMultipleOutputs(
    op: string,
    attributes: object[],
    inputs: tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
}

export const nativeBackend = (): NativeBackend => tf.findBackend('tensorflow') as unknown as NativeBackend;

/** Runs one of the addon's TensorFlow operations. */
export function execute(
  operation: string,
  inputs: tf.TensorInfo[],
  outputs: number,
  { kernelSize, padding, strides, unsharp, relu }: BackwardAttributes,
): tf.Tensor[] {
  const backend = nativeBackend();
  const { TF_ATTR_INT, TF_ATTR_BOOL } = backend.binding;
  const attributes = [
    { name: 'kernel_size', type: TF_ATTR_INT, value: kernelSize },
    { name: 'padding', type: TF_ATTR_INT, value: padding },
    { name: 'strides', type: TF_ATTR_INT, value: strides },
    { name: 'unsharp', type: TF_ATTR_BOOL, value: unsharp },
    { name: 'relu', type: TF_ATTR_BOOL, value: relu },
  ];
  return backend.executeMultipleOutputs(operation, attributes, inputs, outputs);
}

/** Height or width of the output: the stride-1 positions, every stride-th of them. */
export const outputSize = (
  [height, width]: readonly number[],
  { kernelSize, padding: [top, bottom, left, right], strides: [down, across] }: WeightMapAttributes,
): [number, number] => [
  Math.floor((height + top + bottom - kernelSize) / down) + 1,
  Math.floor((width + left + right - kernelSize) / across) + 1,
];
