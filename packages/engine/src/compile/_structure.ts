import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';

/** The inputs of a step: named tensors. */
export type StepInputs = Readonly<Record<string, tf.Tensor>>;

/** The inputs of a compiled step: as the step's, and a number in place of a scalar, which becomes float32. */
export type InputsOf<Inputs extends StepInputs> = {
  readonly [Name in keyof Inputs]: Inputs[Name] | number;
};

/** The result of a step: a tensor, an array or an object of tensors, or nothing. */
export type StepResult = tf.Tensor | readonly tf.Tensor[] | { readonly [name: string]: tf.Tensor } | void;

/** A result taken apart: its tensors in order, and how to assemble such a result. */
export interface Parts {
  readonly tensors: readonly tf.Tensor[];
  /** Equal for results of the same structure. */
  readonly structure: string;
  readonly assemble: (tensors: tf.Tensor[]) => unknown;
}

export function partsOf(result: unknown): Parts {
  if (result === undefined || result === null)
    return { tensors: [], structure: 'nothing', assemble: () => undefined };
  if (result instanceof tf.Tensor)
    return { tensors: [result], structure: 'a tensor', assemble: ([tensor]) => tensor };
  if (typeof result !== 'object') throw noTensor('', result);
  const names = Object.keys(result);
  const tensors = Object.values(result) as unknown[];
  tensors.forEach((value, i) => {
    if (!(value instanceof tf.Tensor)) throw noTensor(names[i], value);
  });
  const list = Array.isArray(result);
  return {
    tensors: tensors as tf.Tensor[],
    structure: list ? `an array of ${names.length}` : `an object of ${names.join(', ')}`,
    assemble: (made) => (list ? made : Object.fromEntries(names.map((name, i) => [name, made[i]]))),
  };
}

const noTensor = (name: string, value: unknown) =>
  new WeightmapError(`A compiled step returns ${name ? `"${name}", ` : ''}a ${typeof value}, not a tensor.`, {
    expected: 'a tensor, an array or an object of tensors, or nothing',
    fix: 'return the tensor, and read its value outside of the step',
  });
