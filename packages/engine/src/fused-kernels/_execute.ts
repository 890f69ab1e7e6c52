import type * as tf from '@tensorflow/tfjs';
import { execute as executeOperation } from '../tensorflow/backend.js';

/** Attributes of the weight map kernels, as the layers pass them. */
export interface WeightMapAttributes {
  kernelSize: number;
  /** [top, bottom, left, right] */
  padding: number[];
  /** [down, across] */
  strides: number[];
  relu: boolean;
}

/** Attributes of the gradient kernels, which both layers share. */
export interface BackwardAttributes extends WeightMapAttributes {
  unsharp: boolean;
}

/** Runs one of the addon's operations. */
export function execute(
  operation: string,
  inputs: tf.TensorInfo[],
  outputs: number,
  { kernelSize, padding, strides, unsharp, relu }: BackwardAttributes,
): tf.Tensor[] {
  const attributes = {
    kernel_size: { kind: 'int', value: kernelSize },
    padding: { kind: 'int', value: padding },
    strides: { kind: 'int', value: strides },
    unsharp: { kind: 'bool', value: unsharp },
    relu: { kind: 'bool', value: relu },
  } as const;
  return executeOperation(operation, inputs, attributes, outputs);
}

/** Height or width of the output: the stride-1 positions, every stride-th of them. */
export const outputSize = (
  [height, width]: readonly number[],
  { kernelSize, padding: [top, bottom, left, right], strides: [down, across] }: WeightMapAttributes,
): [number, number] => [
  Math.floor((height + top + bottom - kernelSize) / down) + 1,
  Math.floor((width + left + right - kernelSize) / across) + 1,
];
