import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { expect, it } from 'vitest';
import { imageGradient } from '../src/_gradients.js';
import { gradientAdversarial } from '../src/index.js';

useEngine('cpu');

it('moves the reader of gradients down its loss, and the network up it: numerically', () => {
  const lambda = 0.7;
  const spec = { height: 5, width: 5, channels: 1, classes: ['a', 'b', 'c'] };
  const initial = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        ...{ inputShape: [5, 5, 1], filters: 2, kernelSize: 3, activation: 'tanh' },
        kernelInitializer: initial(3),
      }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, kernelInitializer: initial(4) }),
    ],
  });
  const options = gradientAdversarial.parse({ lambda, units: 6 });
  const { auxiliary, ...objective } = gradientAdversarial.objective!({
    ...{ options, spec, seed: 1, teachers: [], model },
  })!;
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const reader = [...auxiliary!];
  tf.tidy(() => {
    const images = tf.tensor4d(randomStream(1, 'images').uniforms(75), [3, 5, 5, 1]);
    const labels = tf.tensor1d([0, 2, 1], 'int32');
    const frozen = asClassifier(model);
    const net = { frozen, crossEntropy, logits: (x: tf.Tensor4D) => frozen.logits(x) };
    const plain = (x: tf.Tensor4D) => crossEntropy(net.logits(x), labels);
    /** How well the reader reads, and the loss of the images. */
    const losses = () =>
      tf.tidy(() => {
        const [w1, b1, w2, b2] = reader;
        const gradient = imageGradient(images, plain).mul(3).reshape([3, 25]);
        const read = gradient.matMul(w1).add(b1).relu().matMul(w2).add<tf.Tensor2D>(b2);
        return [plain(images).dataSync()[0], crossEntropy(read, labels).dataSync()[0]];
      });
    const slopesOf = (variable: tf.Variable, h = 1e-2) => {
      const values = [...variable.dataSync()];
      const moveTo = (made: number[]) => tf.tidy(() => variable.assign(tf.tensor(made, variable.shape)));
      const slopes = values.map((_, index) => {
        const [ahead, behind] = [h, -h].map((by) => {
          moveTo(values.map((value, i) => (i === index ? value + by : value)));
          return losses();
        });
        return [0, 1].map((k) => (ahead[k] - behind[k]) / (2 * h));
      });
      moveTo(values);
      return slopes;
    };
    const inputs = objective.prepare!(net, { images, labels }, {});
    const { grads } = tf.variableGrads(
      () => objective.loss(net, { images, labels }, inputs),
      [...variables, ...reader],
    );
    const found = (list: tf.Variable[]) => list.flatMap(({ name }) => [...grads[name].dataSync()]);
    const distance = (a: number[], b: number[]) =>
      Math.hypot(...a.map((value, i) => value - b[i])) / Math.hypot(...b);
    const network = variables.flatMap((variable) => slopesOf(variable));
    const expected = network.map(([loss, read]) => loss - lambda * read);
    // The reversed part is a good share of the whole, so that its sign and size count.
    expect(Math.hypot(...network.map(([, read]) => lambda * read)) / Math.hypot(...expected)).toBeGreaterThan(
      0.1,
    );
    expect(distance(found(variables), expected)).toBeLessThan(0.01);
    const down = reader.flatMap((variable) => slopesOf(variable)).map(([, read]) => read);
    expect(distance(found(reader), down)).toBeLessThan(0.01);
  });
  tf.dispose(reader);
  model.dispose();
});
