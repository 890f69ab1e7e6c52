import * as tf from '@tensorflow/tfjs';
import { pick, type Attack, type Progress } from '@weightmap/core';
import { expectNoLeak, linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { robustnessCurve, testError } from '../src/index.js';
import { randomSet, unjudged } from './_fixtures.js';

useEngine();

const set = randomSet(Array.from({ length: 10 }, (_, i) => i % 3));
const classifier = linearClassifier({
  inputShape: [4, 3, 2],
  weights: Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i)]),
  bias: [0.1, 0, -0.1],
});

/** An attack that fools on the images whose random number is below the strength, and tells what it was given. */
function dice(seen: { first: number; batch: number; labels: number[] }[] = []): Attack {
  return {
    id: 'dice',
    label: 'Dice',
    kind: 'noise',
    strengthUnit: 'epsilon',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'this test',
    run(_classifier, images, labels, { strengths, random }) {
      const draws = random.uniforms(images.shape[0]);
      seen.push({ first: draws[0], batch: images.shape[0], labels: [...labels.dataSync()] });
      return strengths.map((strength) => ({
        strength,
        ...unjudged(images.shape[0]),
        adversarial: images.clone(),
        misclassified: Uint8Array.from(draws, (draw) => Number(draw < strength)),
      }));
    },
  };
}

/** Leaves every image as it is and judges it honestly. */
const harmless: Attack = {
  ...dice(),
  run: (victim, images, labels, { strengths }) =>
    strengths.map((strength) => {
      const truth = labels.dataSync();
      const predicted = tf.tidy(() => victim.logits(images).argMax(1).dataSync()) as Int32Array;
      return {
        strength,
        ...unjudged(truth.length),
        adversarial: images.clone(),
        predicted,
        misclassified: Uint8Array.from(predicted, (guess, i) => Number(guess !== truth[i])),
      };
    }),
};

describe('robustnessCurve', () => {
  it('adds up the batches, the last and smaller one too', async () => {
    const seen: Parameters<typeof dice>[0] = [];
    const points = await expectNoLeak(() =>
      robustnessCurve(classifier, set, dice(seen), [1, 0, 0.5], { seed: 1, batchSize: 4 }),
    );
    expect(seen?.map(({ batch }) => batch)).toEqual([4, 4, 2]);
    expect(seen?.flatMap(({ labels }) => labels)).toEqual([...set.labels]);
    expect(points.map(({ strength }) => strength)).toEqual([1, 0, 0.5]);
    expect(points[0]).toEqual({ strength: 1, errorPercent: 100, misclassified: 10, count: 10 });
    expect(points[1]).toEqual({ strength: 0, errorPercent: 0, misclassified: 0, count: 10 });
    expect(points[2].errorPercent).toBe(points[2].misclassified * 10);
  });

  it('is the test error where the attack does nothing', async () => {
    const [point] = await robustnessCurve(classifier, set, harmless, [0.3], { seed: 1, batchSize: 3 });
    expect(point.errorPercent).toBeCloseTo(testError(classifier, set), 10);
  });

  it('repeats itself for a seed, with fresh numbers for every batch and seed', async () => {
    const firsts = async (seed: number) => {
      const seen: NonNullable<Parameters<typeof dice>[0]> = [];
      const points = await robustnessCurve(classifier, set, dice(seen), [0.5], { seed, batchSize: 4 });
      return { draws: seen.map(({ first }) => first), points };
    };
    const [one, again, other] = [await firsts(1), await firsts(1), await firsts(2)];
    expect(again).toEqual(one);
    expect(new Set([...one.draws, ...other.draws]).size).toBe(6);
  });

  it('reports progress in images and lets others run in between', async () => {
    const events: (string | Progress)[] = [];
    setImmediate(() => events.push('someone else'));
    await robustnessCurve(classifier, set, dice(), [0.5], {
      seed: 1,
      batchSize: 6,
      onProgress: (progress) => events.push(progress),
    });
    expect(events).toEqual([
      { stage: 'dice', done: 6, total: 10 },
      'someone else',
      { stage: 'dice', done: 10, total: 10 },
    ]);
  });

  it('passes an attack’s error on, and leaves nothing behind', async () => {
    const broken: Attack = {
      ...dice(),
      run: () => {
        throw new Error('as it happens');
      },
    };
    await expectNoLeak(() =>
      expect(robustnessCurve(classifier, set, broken, [0.5], { seed: 1 })).rejects.toThrow('as it happens'),
    );
  });

  it('needs images, not strengths', async () => {
    expect(await robustnessCurve(classifier, set, dice(), [], { seed: 1 })).toEqual([]);
    await expect(robustnessCurve(classifier, pick(set, []), dice(), [1], { seed: 1 })).rejects.toThrow(
      /no images/,
    );
  });
});
