import * as tf from '@tensorflow/tfjs';
import { randomStream, WeightmapError, type AttackMethod, type Classifier } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { judged } from '../src/index.js';
import { labelsOf, methodOf, randomImages, threeClasses } from './_fixtures.js';

useEngine('cpu');

const random = randomStream(3);
const classifier = threeClasses();

/** The message and its details when an attack is run on a batch of two, or ''. Asserts that nothing is left behind. */
async function complaint({
  method = methodOf((_c, { images }, { strengths }) => strengths.map(() => images)),
  images = () => randomImages([2, 4, 3, 2], [0, 1]),
  labels = [0, 1],
  strengths = [0.1],
  victim = classifier,
}: {
  method?: AttackMethod;
  images?: () => tf.Tensor4D;
  labels?: number[];
  strengths?: number[];
  victim?: Classifier;
}): Promise<string> {
  const given = [images(), labelsOf(...labels)] as const;
  try {
    return await expectNoLeak(() => {
      try {
        tf.dispose(
          judged(method)
            .run(victim, ...given, { strengths, random })
            .map((o) => o.adversarial),
        );
        return '';
      } catch (error) {
        if (error instanceof WeightmapError) return error.explain();
        throw error;
      }
    });
  } finally {
    tf.dispose([...given]);
  }
}

describe('what goes in', () => {
  it('may fill the bounds exactly', async () => {
    const victim = threeClasses([-0.1, 1.1]); // neither is a float32
    expect(await complaint({ victim, images: () => tf.fill([2, 4, 3, 2], 1.1) })).toBe('');
    expect(await complaint({ victim, images: () => tf.fill([2, 4, 3, 2], -0.1) })).toBe('');
  });

  it('must lie within them, else its extremes are named', async () => {
    const images = () =>
      tf.tensor4d(
        Array.from({ length: 48 }, (_, i) => i * 5 - 10),
        [2, 4, 3, 2],
      );
    expect(await complaint({ images })).toMatch(/from -10 to 225[\s\S]*0 … 1/);
  });

  it('must not contain NaN', async () => {
    expect(await complaint({ images: () => tf.fill([2, 4, 3, 2], NaN) })).toMatch(/NaN/);
  });

  it('must have the shape that the classifier takes', async () => {
    expect(await complaint({ images: () => tf.zeros([2, 3, 4, 2]) })).toMatch(/\[2, 3, 4, 2\][\s\S]*4, 3, 2/);
    expect(await complaint({ images: () => tf.zeros([0, 4, 3, 2]), labels: [] })).toMatch(/\[0, 4, 3, 2\]/);
  });

  it('must have a class of the classifier as label, one an image', async () => {
    expect(await complaint({ labels: [0, 3] })).toMatch(/Label 1 of the batch is 3[\s\S]*0 … 2/);
    expect(await complaint({ labels: [-1, 0] })).toMatch(/Label 0 of the batch is -1/);
    expect(await complaint({ labels: [0, 1, 2] })).toMatch(/\[3\][\s\S]*\[2\]/);
  });

  it('must not have targets that are no class or the own label, or that the attack cannot aim at', () => {
    const aiming = judged({ ...methodOf((_c, { images }) => [images]), targeted: true });
    const run = (attack: typeof aiming, targets: number[]) => () =>
      attack.run(classifier, randomImages([2, 4, 3, 2], [0, 1]), labelsOf(0, 1), {
        ...{ strengths: [0.1], random, targets: labelsOf(...targets) },
      });
    expect(run(aiming, [2, 2])).not.toThrow();
    expect(run(aiming, [2, 3])).toThrow(/Target 1 of the batch is 3/);
    expect(run(aiming, [2])).toThrow(/targets have the shape \[1\]/);
    expect(run(aiming, [2, 1])).toThrow(/Target 1 of the batch is 1, the image's own label/);
    expect(run(judged(methodOf((_c, { images }) => [images])), [2, 2])).toThrow(
      /made-up does not support targets/,
    );
  });

  it.each([[[-0.1]], [[0.1, NaN]], [[Infinity]], [[]]])(
    'must not have the strengths %j',
    async (strengths) => {
      expect(await complaint({ strengths })).toMatch(/strength/);
    },
  );
});

describe('what comes out', () => {
  const beyond: AttackMethod['perturb'] = (_c, { images }, { strengths }) =>
    strengths.map((_, i) => images.add(tf.tensor([3, -2], [2, 1, 1, 1]).mul(i + 1)));

  it('is clipped to the L∞ ball and to the bounds', () => {
    const images = tf.tensor4d([0.5, 0.95, 0.5, 0.02], [2, 1, 2, 1]);
    const tiny: Classifier = {
      ...classifier,
      inputShape: [1, 2, 1],
      logits: (x) => tf.zeros([x.shape[0], 3]),
    };
    const [none, some] = judged(methodOf(beyond)).run(tiny, images, labelsOf(0, 0), {
      strengths: [0, 0.1],
      random,
    });
    expect(none.adversarial.dataSync()).toEqual(images.dataSync());
    expect(some.adversarial).toBeAllclose([0.6, 1, 0.4, 0], 1e-6);
    expect(some.linf).toBeAllclose([0.1, 0.1], 1e-6);
  });

  it('is projected to the L2 ball along the change', () => {
    const images = tf.tensor4d([0.5, 0.5, 0.5, 0.5], [2, 1, 2, 1]);
    const tiny: Classifier = {
      ...classifier,
      inputShape: [1, 2, 1],
      logits: (x) => tf.zeros([x.shape[0], 3]),
    };
    const method = methodOf((_c, { images: x }, { strengths }) => {
      const change = tf.tensor4d([3, 4, 0.03, 0.04], [2, 1, 2, 1]);
      return strengths.map(() => x.add(change));
    }, 'l2');
    const [none, some] = judged(method).run(tiny, images, labelsOf(0, 0), { strengths: [0, 0.1], random });
    expect(none.adversarial.dataSync()).toEqual(images.dataSync());
    expect(some.adversarial).toBeAllclose([0.56, 0.58, 0.53, 0.54], 1e-6);
    expect(some.l2).toBeAllclose([0.1, 0.05], 1e-5);
  });

  it('is a tensor of its own even if the method returns the images', () => {
    const images = randomImages([2, 4, 3, 2], [0, 1]);
    const same = methodOf((_c, { images: x }) => [x], null);
    const [{ adversarial }] = judged(same).run(classifier, images, labelsOf(0, 1), {
      strengths: [1],
      random,
    });
    adversarial.dispose();
    expect(images.isDisposed).toBe(false);
  });

  it.each([NaN, Infinity])('is not %d', async (value) => {
    const method = methodOf((_c, { images }) => [images.add(tf.scalar(value))]);
    expect(await complaint({ method })).toMatch(/NaN or infinite[\s\S]*made-up, strength 0\.1/);
  });

  it('is one result a strength, of the same shape', async () => {
    expect(await complaint({ method: methodOf(() => []) })).toMatch(/0 results/);
    const method = methodOf((_c, { images }) => [images.reshape([2, 2, 6, 2])]);
    expect(await complaint({ method })).toMatch(/\[2, 2, 6, 2\]/);
  });

  it('is judged by finite logits of the right shape, or not at all', async () => {
    const nan: Classifier = {
      ...classifier,
      logits: (x) => classifier.logits(x).div<tf.Tensor2D>(tf.scalar(0)),
    };
    expect(await complaint({ victim: nan, strengths: [0.1, 0.2] })).toMatch(/logit of/);
    expect(await complaint({ victim: { ...classifier, classes: 4 } })).toMatch(/\[2, 3\][\s\S]*\[2, 4\]/);
  });
});
