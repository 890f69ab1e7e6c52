import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '@weightmap/core';
import { crossEntropy } from '../harness/_cross-entropy.js';

export interface MlpTraining {
  readonly epochs: number;
  readonly batchSize: number;
  readonly random: RandomStream;
}

/** A multilayer perceptron with ReLU between its layers, to be trained. */
export interface Mlp {
  /** @param inputs [batch, …] @returns [batch, classes] */
  logits(inputs: tf.Tensor): tf.Tensor2D;
  /** Minimises the mean cross-entropy by Adam, which keeps its averages from one call to the next. */
  fit(inputs: tf.Tensor, labels: tf.Tensor1D, training: MlpTraining): void;
  dispose(): void;
}

/**
 * Weights are U(−a, a) with a = √(6 / (inputs + outputs)) (Glorot & Bengio, 2010), biases 0.
 *
 * @param sizes of the input, each hidden layer, and the output. The caller disposes the result.
 */
export function mlp(
  sizes: readonly number[],
  { learningRate, random }: { learningRate: number; random: RandomStream },
): Mlp {
  const layers = sizes.slice(1).map((outputs, i) => {
    const reach = Math.sqrt(6 / (sizes[i] + outputs));
    const values = random.uniforms(sizes[i] * outputs, -reach, reach);
    return tf.tidy(() => ({
      weights: tf.variable(tf.tensor2d(values, [sizes[i], outputs])),
      bias: tf.variable(tf.zeros<tf.Rank.R1>([outputs])),
    }));
  });
  const variables = layers.flatMap(({ weights, bias }) => [weights, bias] as tf.Variable[]);
  const adam = tf.train.adam(learningRate);

  const logits = (inputs: tf.Tensor): tf.Tensor2D =>
    layers.reduce<tf.Tensor2D>(
      (x, { weights, bias }, i) => (i === 0 ? x : x.relu()).matMul<tf.Tensor2D>(weights).add(bias),
      inputs.reshape([inputs.shape[0], sizes[0]]),
    );

  return {
    logits,
    fit(inputs, labels, { epochs, batchSize, random: order }) {
      const [count] = inputs.shape;
      for (let epoch = 0; epoch < epochs; epoch++) {
        const positions = Int32Array.from(order.permutation(count));
        for (let from = 0; from < count; from += batchSize)
          tf.tidy(() => {
            const rows = tf.tensor1d(positions.slice(from, from + batchSize), 'int32');
            const [x, y] = [tf.gather(inputs, rows), tf.gather(labels, rows)];
            adam.minimize(() => crossEntropy(logits(x), y).mean(), false, variables);
          });
      }
    },
    dispose() {
      adam.dispose();
      tf.dispose(variables);
    },
  };
}
