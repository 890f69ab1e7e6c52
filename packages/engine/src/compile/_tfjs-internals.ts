import * as tf from '@tensorflow/tfjs';

/** The parts of tfjs's engine that compiling needs and its types leave out. */
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
