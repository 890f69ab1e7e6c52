import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '@weightmap/core';
import { crossEntropy } from '../harness/_cross-entropy.js';

/** How to train. */
export interface MlpTraining {
  readonly epochs: number;
  readonly batchSize: number;
  readonly random: RandomStream;
}

/** A trainable multilayer perceptron with ReLU between its layers. */
export interface Mlp {
  /** @param inputs [batch, …] @returns [batch, classes] */
  logits(inputs: tf.Tensor): tf.Tensor2D;
  /** Minimises the mean cross-entropy with Adam, whose moving averages are kept between calls. */
  fit(inputs: tf.Tensor, labels: tf.Tensor1D, training: MlpTraining): void;
  dispose(): void;
}

/**
 * Makes a multilayer perceptron. Weights are U(−a, a) with a = √(6 / (inputs + outputs)) (Glorot & Bengio, 2010), biases 0.
 *
 * @param sizes of the input, each hidden layer, and the output.
 * @returns the network; the caller disposes it.
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
