import * as tf from '@tensorflow/tfjs';
import { asClassifier, tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { gradientAdversarialCrossEntropy } from '../src/index.js';
import { tinyImages, tinyModel, tinySpec } from './_tiny.js';

useEngine('cpu');

const numbers = (x: tf.Tensor) => [...x.dataSync()];

describe('the gradient-adversarial cross-entropy', () => {
  it('weighs negative classes by how much the gradient is like theirs, and trains what reads it', () => {
    const model = tinyModel(3);
    const options = gradientAdversarialCrossEntropy.parse({ beta: 5, units: 4 });
    const { auxiliary, ...objective } = gradientAdversarialCrossEntropy.objective!({
      ...{ options, spec: tinySpec, seed: 1, teachers: [], model },
    })!;
    const [w1, b1, w2, b2] = auxiliary!;
    tf.tidy(() => {
      w1.assign(w1.mul(30)); // gradients are small: so that classes differ
      const { images, labels } = tensorsOf(tinyImages(4, 9));
      const frozen = asClassifier(model);
      const net = { frozen, crossEntropy, logits: (x: tf.Tensor4D) => frozen.logits(x) };
      const inputs = objective.prepare!(net, { images, labels }, {});
      const g = tf
        .grad((x) => crossEntropy(frozen.logits(x as tf.Tensor4D), labels))(images)
        .mul(4);
      const read = g.reshape([4, 64]).matMul(w1).add(b1).relu().matMul(w2).add<tf.Tensor2D>(b2);
      const p = read.softmax().arraySync();
      const z = frozen.logits(images).arraySync();
      const each = [...labels.dataSync()].map((y, i) =>
        Math.log(
          [0, 1, 2].reduce(
            (sum, c) => sum + (c === y ? 1 : (1 + 5 * p[i][c]) * Math.exp(z[i][c] - z[i][y])),
            0,
          ),
        ),
      );
      const weighted = each.reduce((a, b) => a + b) / 4;
      expect(Math.abs(weighted - crossEntropy(frozen.logits(images), labels).dataSync()[0])).toBeGreaterThan(
        0.1,
      );
      const loss = () => objective.loss(net, { images, labels }, inputs);
      expect(loss().dataSync()[0]).toBeCloseTo(weighted + crossEntropy(read, labels).dataSync()[0], 4);
      // The reader goes down its own loss alone; nothing of it flows to the weights of the network.
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const { grads } = tf.variableGrads(loss, [...variables, ...auxiliary!]);
      const own = tf.variableGrads(
        () =>
          crossEntropy(g.reshape([4, 64]).matMul(w1).add(b1).relu().matMul(w2).add<tf.Tensor2D>(b2), labels),
        [...auxiliary!],
      ).grads;
      for (const { name } of auxiliary!) expect(numbers(grads[name])).toBeAllclose(numbers(own[name]), 1e-4);
    });
    tf.dispose([...auxiliary!]);
    model.dispose();
  });
});
