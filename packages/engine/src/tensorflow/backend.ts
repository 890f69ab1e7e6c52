import * as tf from '@tensorflow/tfjs';

/** One attribute of an operation, as tfjs-node's kernels hand it to TensorFlow. */
export interface OpAttribute {
  readonly name: string;
  /** One of the binding's `TF_ATTR_…`. */
  readonly type: number;
  readonly value: unknown;
}

/** A tensor in TensorFlow's memory. Numbers are never used twice, so they also tell whether a value is the same. */
export interface Handle {
  readonly id: number;
  readonly shape: number[];
  /** One of TensorFlow's data types. */
  readonly dtype: number;
}

export type Values = Float32Array | Int32Array | Uint8Array;

/** The addon of tfjs-node: everything that its backend does goes through it. */
export interface Binding {
  createTensor(shape: readonly number[], dtype: number, values: Values | Uint8Array[]): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Values;
  executeOp(op: string, attributes: OpAttribute[], inputs: number[], outputs: number): Handle[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(session: number): void;
  /** @param names of the inputs and outputs: `node:0`, separated by commas. */
  runSavedModel(session: number, inputs: number[], inputNames: string, outputNames: string): Handle[];
  getNumOfTensors(): number;
  getNumOfSavedModels(): number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

/** What the backend knows of a tensor's data. */
export interface Entry {
  /** −1 while there is none: the values are still in JavaScript, or in a session. */
  id: number;
  readonly shape: number[];
  readonly dtype: number;
  values: unknown;
  refCount: number;
}

export interface NativeBackend {
  binding: Binding;
  readonly tensorMap: { get(dataId: object): Entry; set(dataId: object, entry: Entry): void };
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  createOutputTensor(handle: Handle): tf.Tensor;
  getDTypeInteger(dtype: tf.DataType): number;
  move(dataId: object, values: unknown, shape: number[], dtype: tf.DataType, refCount: number): void;
}

/** TensorFlow's C library as tfjs's backend, if that is the one in use. */
export const nativeBackend = (): NativeBackend | null =>
  tf.getBackend() === 'tensorflow' ? (tf.backend() as unknown as NativeBackend) : null;

/** The number of a tensor's data; moves it to TensorFlow's memory if it isn't there yet. */
export const idOf = (backend: NativeBackend, tensor: tf.TensorInfo): number =>
  backend.getInputTensorIds([tensor])[0];

/** A float32 scalar, to be deleted by the caller. */
export const createScalar = (binding: Binding, value: number): number =>
  binding.createTensor([], 1, Float32Array.of(value));

/** What compiling needs of tfjs's engine beyond its public types. */
export interface EngineInternals {
  readonly registeredVariables: Readonly<Record<string, tf.Variable>>;
  readonly state: {
    readonly scopeStack: readonly { readonly name: string }[];
    readonly gradientDepth: number;
    readonly kernelDepth: number;
  };
  makeVariable(value: tf.Tensor, trainable?: boolean, name?: string, dtype?: tf.DataType): tf.Variable;
}

export const engineInternals = (): EngineInternals => tf.engine();
