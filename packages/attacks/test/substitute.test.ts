import * as tf from '@tensorflow/tfjs';
import { predictClasses, randomStream, type Classifier } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { beforeAll, describe, expect, it } from 'vitest';
import { mlp } from '../src/black-box/_mlp.js';
import { fgsm, imitate, substitute } from '../src/index.js';
import { argMax, logitsOf, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';
import { ceLoss, rowsOf } from './_plain.js';

useEngine('cpu');

const CLASSES = 3;
const model = openLinear(CLASSES);
const { classifier } = model;
const images = (count: number, seed: number) =>
  tf.tensor4d(randomStream(seed, 'any').uniforms(count * 24), [count, 4, 3, 2]);

/** A small one, for the sake of time. */
const small = { hidden: [32], rounds: 3, epochs: 12, learningRate: 0.02, batchSize: 32 } as const;

/** Forbids gradients, and notes what is asked. */
function closed(plain: Classifier) {
  const asked: number[][][] = [];
  const shut = tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: () => {
      throw new Error('a gradient of the victim');
    },
  }));
  const logits: Classifier['logits'] = (x) => {
    asked.push(rowsOf(x));
    return plain.logits(shut(x) as tf.Tensor4D);
  };
  return { victim: { ...plain, logits }, asked };
}

describe('a substitute', () => {
  it('comes to agree with the classifier on other images, seeing decisions alone', async () => {
    const seeds = images(100, 1);
    const { victim, asked } = closed(classifier);
    const found = await expectNoLeak(() => {
      const imitation = imitate(victim, seeds, { ...small, random: randomStream(3) });
      const others = images(400, 2);
      const [own, theirs] = [imitation.classifier, classifier].map((one) => predictClasses(one, others));
      others.dispose();
      imitation.dispose();
      return { queries: imitation.queries, alike: own.filter((guess, i) => guess === theirs[i]).length };
    });
    expect(found.alike / 400).toBeGreaterThan(0.9);
    expect(found.queries).toBe(100 * 2 ** 2);
    expect(asked.flat()).toHaveLength(found.queries);
    seeds.dispose();
  });

  it('is shown the seeds, then each image a step λ on, with the answer first and then against it', () => {
    const seeds = images(12, 1);
    const { victim, asked } = closed(classifier);
    imitate(victim, seeds, {
      ...small,
      rounds: 4,
      flipEvery: 2,
      lambda: 0.03,
      random: randomStream(3),
    }).dispose();
    expect(asked.map(({ length }) => length)).toEqual([12, 12, 24, 48]);
    expect(asked[0].flat()).toBeAllclose(rowsOf(seeds).flat(), 1e-6);
    [1, 2, 3].forEach((round) => {
      const before = asked.slice(0, round).flat();
      // By which the classifier's own confidence in its answer grows.
      let gain = 0;
      asked[round].forEach((after, i) => {
        for (const [j, value] of after.entries()) {
          const way = Math.abs(value - before[i][j]);
          const isClipped = value === 0 || value === 1;
          if (isClipped) expect(way).toBeLessThanOrEqual(0.03 + 1e-6);
          else expect(way).toBeCloseTo(0.03, 5);
        }
        const [old, now] = [before[i], after].map((x) => logitsOf(model, x)[0]);
        gain += ceLoss(old, argMax(old)) - ceLoss(now, argMax(old));
      });
      if (round <= 2) expect(gain / asked[round].length).toBeGreaterThan(0.01);
      else expect(gain / asked[round].length).toBeLessThan(-0.01);
    });
    seeds.dispose();
  });

  it('needs seeds that the classifier takes', () => {
    const train = (seeds: tf.Tensor4D) => () =>
      imitate(classifier, seeds, { ...small, random: randomStream(1) });
    expect(train(tf.zeros([2, 3, 4, 2]))).toThrow('[2, 3, 4, 2]');
    expect(train(tf.zeros([0, 4, 3, 2]))).toThrow('[0, 4, 3, 2]');
    expect(train(tf.fill([1, 4, 3, 2], 1.1))).toThrow('seeds of a substitute reach from');
    expect(train(tf.fill([1, 4, 3, 2], NaN))).toThrow('contain NaN');
  });
});

describe('the attack by a substitute', () => {
  let [seeds, attacked]: tf.Tensor4D[] = [];
  let labels: tf.Tensor1D;
  beforeAll(() => {
    [seeds, attacked] = [images(40, 1), images(100, 5)];
    labels = labelsOf(...predictClasses(classifier, attacked));
  });
  const run = (victim: Classifier, seed: number, rounds: number = small.rounds) =>
    substitute({ ...small, rounds, seeds })
      .run(victim, attacked, labels, { strengths: [0.05, 0.1], random: randomStream(seed) })
      .map(({ adversarial, misclassified, cost }) => ({
        pixels: adversarial.dataSync(),
        fooled: misclassified.filter(Boolean).length,
        cost,
      }));

  it('transfers: it fools most of what FGSM on the classifier itself does, by ε in every component', () => {
    const { victim } = closed(classifier);
    const [weak, strong] = run(victim, 3);
    const [own] = fgsm().run(classifier, attacked, labels, { strengths: [0.1], random: randomStream(1) });
    const most = own.misclassified.filter(Boolean).length;
    expect(most).toBeGreaterThan(30);
    expect(strong.fooled).toBeGreaterThan(0.8 * most);
    expect(weak.fooled).toBeLessThan(strong.fooled);
    expect(strong.cost).toEqual({ forwards: 160, backwards: 0 });
  });

  it('uses decisions alone: what scales the logits changes nothing; other streams do', () => {
    const scaled = { ...classifier, logits: (x: tf.Tensor4D) => classifier.logits(x).mul<tf.Tensor2D>(7) };
    const [once] = run(classifier, 3, 2);
    expect(run(scaled, 3, 2)[0].pixels).toEqual(once.pixels);
    expect(run(classifier, 4, 2)[0].pixels).not.toEqual(once.pixels);
  });

  it('takes the attacked images for seeds without others, at most 150', () => {
    const { victim, asked } = closed(classifier);
    const many = images(160, 8);
    substitute({ hidden: [4], rounds: 1, epochs: 1 }).run(
      victim,
      many,
      labelsOf(...predictClasses(classifier, many)),
      { strengths: [0.1], random: randomStream(1) },
    );
    // Before, the harness looks whether there are logits.
    expect(asked[1].flat()).toBeAllclose(rowsOf(many).slice(0, 150).flat(), 1e-6);
    many.dispose();
  });
});

describe('the perceptron', () => {
  it('is layers with ReLU between, of weights within Glorot’s bounds', () => {
    const network = mlp([3, 4, 2], { learningRate: 0.1, random: randomStream(6) });
    const random = randomStream(6);
    const [first, second] = [
      random.uniforms(12, -Math.sqrt(6 / 7), Math.sqrt(6 / 7)),
      random.uniforms(8, -1, 1),
    ];
    const x = [0.3, -0.7, 0.9];
    const middle = [0, 1, 2, 3].map((k) => x.reduce((sum, v, i) => sum + v * first[i * 4 + k], 0));
    const expected = [0, 1].map((k) =>
      middle.reduce((sum, v, i) => sum + Math.max(0, v) * second[i * 2 + k], 0),
    );
    expect([...network.logits(tf.tensor2d([x])).dataSync()]).toBeAllclose(expected, 1e-6);
    network.dispose();
  });
});
