import * as tf from '@tensorflow/tfjs';
import { randomStream, type Classifier } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { hopSkipJump } from '../src/index.js';
import { argMax, closest, logitsOf, middleImages, halves } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const model = halves();

const attacked = (classifier: Classifier, attack = hopSkipJump(), count = 2) => {
  const images = middleImages(count);
  const pixels = images.dataSync();
  const labels = labelsOf(...logitsOf(model, pixels).map(argMax));
  const outcome = attack.minimize(classifier, images, labels, { random: randomStream(3) });
  const found = outcome.adversarial.dataSync();
  tf.dispose([images, labels, outcome.adversarial]);
  return { ...outcome, pixels, found };
};

describe('hopSkipJump', () => {
  it('uses decisions alone: what scales the logits changes nothing', () => {
    const loud: Classifier = {
      ...model.classifier,
      logits: (x) => tf.tidy(() => model.classifier.logits(x).mul<tf.Tensor2D>(1000)),
    };
    const attack = hopSkipJump({ steps: 2, evaluations: 20 });
    expect(attacked(loud, attack).found).toEqual(attacked(model.classifier, attack).found);
  });

  it('ends on the boundary, up to the precision of its bisection', () => {
    const { found, pixels } = attacked(model.classifier, hopSkipJump({ steps: 3, evaluations: 20 }));
    const leads = (values: ArrayLike<number>) => logitsOf(model, values).map(([a, b]) => Math.abs(a - b));
    leads(found).forEach((lead, i) => expect(lead).toBeLessThan(0.05 * leads(pixels)[i]));
  });

  it('shows √t times as many images in step t, up to a limit', () => {
    const forwards = (steps: number, maxEvaluations = 10_000) =>
      attacked(model.classifier, hopSkipJump({ steps, evaluations: 20, maxEvaluations }), 1).cost.forwards;
    // Bisections take ⌈1.5 log2 24⌉ + 1 = 8 images, leaps one or a few; directions 20, 28, 34.
    const [one, two, three] = [forwards(1), forwards(2), forwards(3)];
    expect(two - one - 28 - 8).toBeGreaterThanOrEqual(1);
    expect(two - one - 28 - 8).toBeLessThanOrEqual(6);
    expect(three - two - 34 - 8).toBeGreaterThanOrEqual(1);
    expect(three - two - 34 - 8).toBeLessThanOrEqual(6);
    expect(forwards(3, 5)).toBeLessThan(three - 60);
  });

  it('comes nearer with more steps', () => {
    const one = attacked(model.classifier, hopSkipJump({ steps: 0 }));
    const more = attacked(model.classifier, hopSkipJump({ steps: 10, evaluations: 60 }));
    closest(model, one.pixels, 'l2').forEach((expected, i) => {
      expect(one.distance[i] / expected).toBeGreaterThan(1.5);
      expect(more.distance[i] / expected).toBeLessThan(1.15);
    });
  });

  it('finds nothing where noise never fools', () => {
    const sure: Classifier = {
      ...model.classifier,
      logits: (x) => tf.tidy(() => tf.tensor2d([[1, 0]]).tile([x.shape[0], 1])),
    };
    const images = middleImages(1);
    const { distance, adversarial } = hopSkipJump({ steps: 2, evaluations: 5, tries: 3 }).minimize(
      sure,
      images,
      labelsOf(0),
      { random: randomStream(1) },
    );
    expect([...distance]).toEqual([Infinity]);
    tf.dispose([images, adversarial]);
  });
});
