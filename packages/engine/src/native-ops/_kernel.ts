import * as tf from '@tensorflow/tfjs';

/** Backend of tfjs-node. */
export const TENSORFLOW = 'tensorflow';

/** Whether a kernel of that name can be run now. */
export const hasKernel = (name: string): boolean => Boolean(tf.getKernel(name, tf.getBackend()));

type Attribute = { kind: 'type' | 'float' | 'int' | 'bool' | 'string'; value: unknown };

interface Backend {
  readonly binding: Readonly<
    Record<
      'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_INT' | 'TF_ATTR_BOOL' | 'TF_ATTR_STRING' | 'TF_FLOAT',
      number
    >
  >;
  executeMultipleOutputs(
    op: string,
    attributes: object[],
    inputs: tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
  getDTypeInteger(dtype: tf.DataType): number;
}

/** Runs one of TensorFlow's operations. */
export function execute(
  backend: unknown,
  op: string,
  inputs: tf.TensorInfo[],
  attributes: Record<string, Attribute>,
  outputs = 1,
): tf.Tensor[] {
  const { binding } = backend as Backend;
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
  return (backend as Backend).executeMultipleOutputs(op, given, inputs, outputs);
}

/** The attribute for a tensor's type. */
export const typeOf = (backend: unknown, dtype: tf.DataType): Attribute => ({
  kind: 'type',
  value: (backend as Backend).getDTypeInteger(dtype),
});

/** Runs a kernel of ours as an operation of tfjs's: recorded for gradients, its memory accounted for. */
export const run = (
  kernel: string,
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, unknown> = {},
): tf.Tensor[] => {
  const result: tf.Tensor | tf.Tensor[] = tf
    .engine()
    .runKernel(
      kernel,
      inputs,
      attributes as unknown as Parameters<ReturnType<typeof tf.engine>['runKernel']>[2],
    );
  return Array.isArray(result) ? result : [result];
};
