import * as tf from '@tensorflow/tfjs';

/** Whether the active backend has a kernel of that name. */
export const hasKernel = (name: string): boolean => Boolean(tf.getKernel(name, tf.getBackend()));

/** Runs a kernel of ours as an operation of tfjs: gradients see it, and tfjs accounts for its memory. */
export function run(
  kernel: string,
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, unknown> = {},
): tf.Tensor[] {
  const result: tf.Tensor | tf.Tensor[] = tf
    .engine()
    .runKernel(kernel, inputs, attributes as unknown as tf.NamedAttrMap);
  return Array.isArray(result) ? result : [result];
}
