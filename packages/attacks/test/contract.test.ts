import * as tf from '@tensorflow/tfjs';
import { asClassifier, predictClasses, randomStream, type Attack, type Classifier } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { attacks } from '../src/index.js';
import { labelsOf, randomImages, threeClasses } from './_fixtures.js';

useEngine();

const STRENGTHS = [0, 0.05, 0.7];
const BOUNDS = [-0.5, 1.5] as const;

const attacked = (attack: Attack, classifier: Classifier, images: tf.Tensor4D, strengths = STRENGTHS) =>
  tf.tidy(() => {
    const labels = labelsOf(...Array.from({ length: images.shape[0] }, (_, i) => i % 3));
    const outcomes = attack.run(classifier, images, labels, {
      strengths,
      random: randomStream(7, attack.id),
    });
    return outcomes.map(({ adversarial, ...rest }) => ({ ...rest, pixels: adversarial.dataSync() }));
  });

describe.each(Object.entries(attacks))('%s', (id, create) => {
  const attack = create();
  const classifier = threeClasses(BOUNDS);

  it('goes by its registry name and says where it comes from', () => {
    expect(attack.id).toBe(id);
    expect(attack.label).not.toBe('');
    expect(attack.source).not.toBe('');
  });

  it('stays within bounds and ball, and measures what it changed', () => {
    const images = randomImages([5, 4, 3, 2], BOUNDS);
    const clean = images.dataSync();
    for (const { strength, pixels, linf, l2 } of attacked(attack, classifier, images)) {
      expect(Math.min(...pixels)).toBeGreaterThanOrEqual(BOUNDS[0]);
      expect(Math.max(...pixels)).toBeLessThanOrEqual(BOUNDS[1]);
      for (let i = 0; i < 5; i++) {
        const changes = Array.from({ length: 24 }, (_, j) => pixels[24 * i + j] - clean[24 * i + j]);
        expect(linf[i]).toBeCloseTo(Math.max(...changes.map(Math.abs)), 5);
        expect(l2[i]).toBeCloseTo(Math.hypot(...changes), 5);
        if (attack.norm === 'linf') expect(linf[i]).toBeLessThanOrEqual(strength + 1e-6);
        if (attack.norm === 'l2') expect(l2[i]).toBeLessThanOrEqual(strength + 1e-6);
      }
    }
    images.dispose();
  });

  it('gives the clean images at strength 0, and changes them at others', () => {
    const images = randomImages([5, 4, 3, 2], BOUNDS);
    const [none, some] = attacked(attack, classifier, images);
    expect(none.pixels).toEqual(images.dataSync());
    expect(Math.min(...some.linf)).toBeGreaterThan(0.01);
    images.dispose();
  });

  it('counts as misclassified what the classifier takes for another class', () => {
    const images = randomImages([5, 4, 3, 2], BOUNDS);
    for (const { pixels, predicted, misclassified } of attacked(attack, classifier, images)) {
      const asked = tf.tidy(() => predictClasses(classifier, tf.tensor4d(pixels, images.shape)));
      expect(predicted).toEqual(asked);
      expect([...misclassified]).toEqual([...asked].map((guess, i) => (guess === i % 3 ? 0 : 1)));
    }
    images.dispose();
  });

  it('repeats itself with the same stream, whatever other strengths are asked for', () => {
    const images = randomImages([5, 4, 3, 2], BOUNDS);
    const [, , together] = attacked(attack, classifier, images);
    const [alone] = attacked(attack, classifier, images, [STRENGTHS[2]]);
    expect(alone).toEqual(together);
    images.dispose();
  });

  it('works on a single image of a convolutional network', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [6, 5, 1], filters: 4, kernelSize: 3, activation: 'relu' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3 }),
      ],
    });
    const images = randomImages([1, 6, 5, 1], [0, 1]);
    const outcomes = attacked(attack, asClassifier(model), images);
    expect(outcomes.map(({ pixels }) => pixels.length)).toEqual([30, 30, 30]);
    expect(outcomes[2].linf[0]).toBeGreaterThan(0);
    tf.dispose([images, model.getWeights()]);
  });

  it('leaves the originals alone and nothing behind but its results', async () => {
    const images = randomImages([2, 4, 3, 2], BOUNDS);
    const labels = labelsOf(0, 1);
    const before = images.dataSync().slice();
    const outcomes = await expectNoLeak(
      () => attack.run(classifier, images, labels, { strengths: STRENGTHS, random: randomStream(7) }),
      STRENGTHS.length,
    );
    for (const { adversarial } of outcomes) {
      expect(adversarial.shape).toEqual(images.shape);
      expect(adversarial.dtype).toBe('float32');
      adversarial.dispose();
    }
    expect(images.dataSync()).toEqual(before);
    expect([...labels.dataSync()]).toEqual([0, 1]);
    tf.dispose([images, labels]);
  });
});
