import * as tf from '@tensorflow/tfjs';
import { predictClasses, type Attack } from '@weightmap/core';
import { expectNoLeak, linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { meanCorruptionError, measureCorruptions, testError } from '../src/index.js';
import { randomSet, shifted, unjudged } from './_fixtures.js';

useEngine();

describe('meanCorruptionError', () => {
  const own = { clean: 10, corrupted: { snow: [20, 30, 40], fog: [12, 11, 10] } };
  const errors = { clean: 5, corrupted: { fog: [20, 30, 60], snow: [10, 50, 90] } };
  const baseline = { name: 'plain', errors };

  it('is the mean of the ratios of sums, and names the baseline', () => {
    const snow = { ce: (100 * 90) / 150, relativeCe: (100 * (10 + 20 + 30)) / (5 + 45 + 85) };
    const fog = { ce: (100 * 33) / 110, relativeCe: (100 * (2 + 1 + 0)) / (15 + 25 + 55) };
    const found = meanCorruptionError(own, baseline);
    expect(found).toEqual({
      baseline: 'plain',
      mce: expect.closeTo((snow.ce + fog.ce) / 2, 10) as number,
      relativeMce: expect.closeTo((snow.relativeCe + fog.relativeCe) / 2, 10) as number,
      corruptions: [
        { corruption: 'snow', ...snow },
        { corruption: 'fog', ...fog },
      ],
    });
  });

  it('is 100 for the baseline itself', () => {
    expect(meanCorruptionError(errors, baseline)).toMatchObject({ mce: 100, relativeMce: 100 });
  });

  it('has no relative mean where the baseline loses nothing', () => {
    const calm = { clean: 30, corrupted: { snow: [30, 30, 30], fog: [40, 40, 40] } };
    const found = meanCorruptionError(own, { name: 'calm', errors: calm });
    expect(found.relativeMce).toBeNull();
    expect(found.corruptions.map(({ relativeCe }) => relativeCe)).toEqual([null, expect.closeTo(10)]);
    expect(found.mce).toBeCloseTo((100 + (100 * 33) / 120) / 2, 10);
  });

  const withSnow = (snow: readonly number[]) => ({ ...errors, corrupted: { ...errors.corrupted, snow } });
  it.each([
    ['a corruption', own, { clean: 5, corrupted: { snow: [10, 50, 90] } }, /baseline plain under fog/],
    ['one of the network', { clean: 1, corrupted: { fog: [1, 1, 1] } }, errors, /the network under snow/],
    ['a severity', own, withSnow([10, 50]), /Severities of snow are missing/],
    ['all severities', { clean: 1, corrupted: { a: [] } }, { clean: 1, corrupted: { a: [] } }, /Severities/],
    ['any corruption', { clean: 1, corrupted: {} }, { clean: 1, corrupted: {} }, /needs a corruption/],
    ['an error to divide by', own, withSnow([0, 0, 0]), /plain makes no error under snow/],
    ['a percentage', own, withSnow([1, NaN, 3]), /Invalid error in percent: NaN/],
  ])('says if %s is missing', (_what, network, theirs, message) => {
    expect(() => meanCorruptionError(network, { name: 'plain', errors: theirs })).toThrow(message);
  });
});

describe('measureCorruptions', () => {
  const set = randomSet(Array.from({ length: 11 }, (_, i) => i % 3));
  const classifier = linearClassifier({
    inputShape: [4, 3, 2],
    weights: Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i)]),
    bias: [0.1, 0, -0.1],
  });

  /** Turns images dark, and judges what the classifier says of them. */
  const dark: Attack = {
    ...shifted(),
    id: 'dark',
    run: (victim, images, labels, { strengths }) =>
      strengths.map((strength) => {
        const adversarial = tf.tidy(() => images.mul<tf.Tensor4D>(1 - strength));
        const truth = labels.dataSync();
        const guesses = predictClasses(victim, adversarial);
        const misclassified = Uint8Array.from(guesses, (guess, i) => Number(guess !== truth[i]));
        return { strength, ...unjudged(truth.length), adversarial, misclassified };
      }),
  };

  it('has each severity’s error, over all batches, and the clean one', async () => {
    const table = [
      { noise: dark, severities: [0, 0.5, 1] },
      { noise: shifted(), severities: [0.2] },
    ];
    const { clean, corrupted } = await expectNoLeak(() =>
      measureCorruptions(classifier, set, table, { seed: 1, batchSize: 4 }),
    );
    expect(clean).toBeCloseTo(testError(classifier, set), 10);
    expect(Object.keys(corrupted)).toEqual(['dark', 'shifted']);
    expect(corrupted.shifted).toEqual([0]); // it judges nothing wrong
    // Black images are all of the class with the largest bias, the first: 4 of 11 labels.
    expect(corrupted.dark[0]).toBeCloseTo(clean, 10);
    expect(corrupted.dark[2]).toBeCloseTo((100 * 7) / 11, 10);
    expect(corrupted.dark).toHaveLength(3);
  });
});
