import * as tf from '@tensorflow/tfjs';
import { buildVariant } from '@weightmap/architectures';
import {
  apgdCeL1,
  apgdDlr,
  apgdT,
  autoAttack,
  boundary,
  carliniWagner,
  ddn,
  deepFool,
  ead,
  fab,
  fabL2,
  fgsm,
  hopSkipJump,
  jsma,
  pgd,
  pgdL1,
  spsa,
  square,
  uniformNoise,
} from '@weightmap/attacks';
import { asClassifier, randomStream, type Classifier } from '@weightmap/core';
import { compiledClassifier } from '@weightmap/engine';
import { linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';

useEngine();

const spec = { height: 12, width: 12, channels: 1, classes: ['a', 'b', 'c', 'd'] };
const imagesOf = (count: number, seed: number) =>
  tf.randomUniform<tf.Rank.R4>([count, 12, 12, 1], 0, 1, 'float32', seed);
const labelsOf = (count: number) =>
  tf.tensor1d(
    Int32Array.from({ length: count }, (_, i) => i % 3),
    'int32',
  );
const attack = (classifier: Classifier, images: tf.Tensor4D, labels: tf.Tensor1D) =>
  [uniformNoise(), fgsm()].flatMap((kind) =>
    kind.run(classifier, images, labels, { strengths: [0.05, 0.3], random: randomStream(1, kind.id) }),
  );

describe('a compiled classifier', () => {
  it.each(['cnn-33', 'cnn-smooth-32', 'cnn-33-batchnorm'] as const)(
    'is attacked like the plain one, %s',
    (id) => {
      const model = buildVariant(id, { spec, seed: 1 });
      const plain = asClassifier(model);
      const compiled = compiledClassifier(plain);
      for (const count of [6, 2]) {
        const [images, labels] = [imagesOf(count, count), labelsOf(count)];
        const [actual, expected] = [compiled, plain].map((one) => attack(one, images, labels));
        actual.forEach((outcome, i) => {
          expect([...outcome.predicted]).toEqual([...expected[i].predicted]);
          expect(outcome.adversarial.sub(expected[i].adversarial).abs().mean().dataSync()[0]).toBeLessThan(
            1e-3,
          );
        });
      }
      compiled.dispose();
      model.dispose();
    },
  );

  // One of every kind of step: what a step may not do shows only where it is compiled.
  it.each(
    [
      pgd({ steps: 3 }),
      pgdL1({ steps: 3 }),
      apgdDlr({ steps: 5 }),
      apgdT({ steps: 3, aims: 2 }),
      apgdCeL1({ steps: 5 }),
      fab({ steps: 3 }),
      fabL2({ steps: 3 }),
      deepFool(),
      ddn({ steps: 5 }),
      carliniWagner({ steps: 5, searches: 2 }),
      ead({ steps: 5, searches: 2 }),
      jsma(),
      square({ queries: 6 }),
      spsa({ steps: 2, samples: 4, learningRate: 0.15 }),
      hopSkipJump({ steps: 1, evaluations: 4 }),
      boundary({ steps: 6 }),
      autoAttack({ attacks: [fab({ steps: 2 }), square({ queries: 4 })] }),
    ].map((one) => [one.id, one] as const),
  )('bears the steps of %s', (_, one) => {
    const model = buildVariant('cnn-33', { spec, seed: 1 });
    const plain = asClassifier(model);
    const compiled = compiledClassifier(plain);
    const [images, labels] = [imagesOf(3, 3), labelsOf(3)];
    const [actual, expected] = [compiled, plain].map(
      (classifier) =>
        one.run(classifier, images, labels, { strengths: [0.3], random: randomStream(1, one.id) })[0],
    );
    expect([...actual.predicted]).toEqual([...expected.predicted]);
    expect(actual.cost).toEqual(expected.cost);
    tf.dispose([images, labels, actual.adversarial, expected.adversarial]);
    compiled.dispose();
    model.dispose();
  });

  it('keeps the gradients of confident predictions', () => {
    // A margin of 40: softmax − 1 would be exactly 0.
    const weights = Array.from({ length: 144 }, (_, i) => [i % 2 ? 1 : -1, i % 2 ? -1 : 1]);
    const plain = linearClassifier({ inputShape: [12, 12, 1], weights, bias: [20, -20] });
    const compiled = compiledClassifier(plain);
    const images = tf.fill<tf.Rank.R4>([1, 12, 12, 1], 0.5);
    const [outcome] = fgsm().run(compiled, images, tf.tensor1d([0], 'int32'), {
      strengths: [0.25],
      random: randomStream(1, 'none'),
    });
    expect([...outcome.adversarial.dataSync()]).toEqual(weights.map(([w]) => (w > 0 ? 0.25 : 0.75)));
    compiled.dispose();
  });

  it('follows its model, and leaves nothing behind', () => {
    const before = tf.memory().numTensors;
    const model = buildVariant('cnn-33', { spec, seed: 1 });
    const compiled = compiledClassifier(asClassifier(model));
    const images = imagesOf(3, 1);
    const first = compiled.logits(images);
    const bias = model.getWeights().at(-1)!;
    tf.tidy(() => model.setWeights([...model.getWeights().slice(0, -1), bias.add(1)]));
    const second = compiled.logits(images);
    tf.tidy(() => {
      const change = second.sub(first).sub(1).abs().max().dataSync()[0];
      expect(change).toBeLessThan(1e-5);
    });
    tf.dispose([images, first, second]);
    compiled.dispose();
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
