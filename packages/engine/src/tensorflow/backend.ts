import * as tf from '@tensorflow/tfjs';
import { DataType, type Binding, type Handle, type OpAttribute } from './binding.js';

/** Name under which tfjs-node registers its backend. */
export const TENSORFLOW = 'tensorflow';

/** What the backend stores for a tensor's data. */
export interface Entry {
  /** −1 while TensorFlow has no copy: the values are still in JavaScript, or in a session. */
  id: number;
  readonly shape: number[];
  readonly dtype: number;
  values: unknown;
  refCount: number;
}

/** The backend of tfjs-node, with the members that tfjs's types leave out. */
export interface NativeBackend {
  binding: Binding;
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: { get(dataId: object): Entry; set(dataId: object, entry: Entry): void };
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  createOutputTensor(handle: Handle): tf.Tensor;
  getDTypeInteger(dtype: tf.DataType): number;
  executeMultipleOutputs(
    op: string,
    attributes: OpAttribute[],
    inputs: tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
  move(dataId: object, values: unknown, shape: number[], dtype: tf.DataType, refCount: number): void;
}

/** tfjs-node's backend once TensorFlow is loaded, whether tfjs uses it now or not; else null. */
export const loadedBackend = (): NativeBackend | null =>
  tf.findBackend(TENSORFLOW) as unknown as NativeBackend | null;

/** tfjs-node's backend if tfjs uses it now; else null. */
export const activeBackend = (): NativeBackend | null =>
  tf.getBackend() === TENSORFLOW ? loadedBackend() : null;

/** The id of a tensor's data; moves the data to TensorFlow's memory if it isn't there yet. */
export const idOf = (backend: NativeBackend, tensor: tf.TensorInfo): number =>
  backend.getInputTensorIds([tensor])[0];

/** A float32 scalar in TensorFlow's memory. The caller deletes it. */
export const createScalar = (binding: Binding, value: number): number =>
  binding.createTensor([], DataType.float32, Float32Array.of(value));

/** An attribute of an operation, its kind by name. */
export type Attribute = { kind: 'type' | 'float' | 'int' | 'bool' | 'string'; value: unknown };

/** The attribute for a tensor's data type. */
export const typeOf = (dtype: tf.DataType): Attribute => ({
  kind: 'type',
  value: loadedBackend()!.getDTypeInteger(dtype),
});

/** Runs one of TensorFlow's operations, or one of the addon's. TensorFlow must be loaded. */
export function execute(
  op: string,
  inputs: tf.TensorInfo[],
  attributes: Readonly<Record<string, Attribute>>,
  outputs = 1,
): tf.Tensor[] {
  const backend = loadedBackend()!;
  const { binding } = backend;
  const types = {
    type: binding.TF_ATTR_TYPE,
    float: binding.TF_ATTR_FLOAT,
    int: binding.TF_ATTR_INT,
    bool: binding.TF_ATTR_BOOL,
    string: binding.TF_ATTR_STRING,
  };
  const given = Object.entries(attributes).map(([name, { kind, value }]) => ({
    name,
    type: types[kind],
    value,
  }));
  return backend.executeMultipleOutputs(op, given, inputs, outputs);
}

/** A copy of a tensor with data of its own in TensorFlow's memory. */
export const deepCopy = (tensor: tf.Tensor): tf.Tensor =>
  execute('DeepCopy', [tensor], { T: typeOf(tensor.dtype) })[0];
