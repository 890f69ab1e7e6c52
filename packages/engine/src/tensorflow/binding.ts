/** One attribute of an operation, as tfjs-node's kernels give it to TensorFlow. */
export interface OpAttribute {
  readonly name: string;
  /** One of the binding's `TF_ATTR_…`. */
  readonly type: number;
  readonly value: unknown;
}

/** A tensor in TensorFlow's memory. No id is used twice, so equal ids mean equal values. */
export interface Handle {
  readonly id: number;
  readonly shape: number[];
  /** One of TensorFlow's data types. */
  readonly dtype: number;
}

export type Values = Float32Array | Int32Array | Uint8Array;

/** The native addon of tfjs-node: everything that its backend does goes through it. */
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
  readonly TF_Version: string;
}

/** TensorFlow's numbers for the data types that are used here. */
export const DataType = { float32: 1, int32: 3, uint8: 4, string: 7 } as const;
