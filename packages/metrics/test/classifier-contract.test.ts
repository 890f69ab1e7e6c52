import * as tf from '@tensorflow/tfjs';
import { asClassifier, fromProbabilities, type Attack, type Classifier } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import {
  activationVariance,
  gradCam,
  gradCamSharpness,
  measureCorruptions,
  noiseResponse,
  robustnessCurve,
  testError,
} from '../src/index.js';
import { fixedInitializer, randomSet, unjudged } from './_fixtures.js';

useEngine();

const set = randomSet(
  Array.from({ length: 30 }, (_, i) => i % 3),
  [6, 5, 2],
);

const network = (activation: 'linear' | 'softmax' = 'linear') =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'features',
        inputShape: [6, 5, 2],
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: fixedInitializer(1),
        biasInitializer: fixedInitializer(2),
      }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, activation, kernelInitializer: fixedInitializer(3) }),
    ],
  });

/** Adds strength · u, u ~ U(0, 1) for each pixel, clipped to the bounds, and asks the classifier. */
const shaken: Attack = {
  id: 'shaken',
  label: 'shaken',
  kind: 'noise',
  strengthUnit: 'beta',
  norm: null,
  targeted: false,
  usesGradient: false,
  source: 'test',
  run: (classifier, images, labels, { strengths, random }) => {
    const noise = tf.tensor4d(random.uniforms(images.size), images.shape);
    const outcomes = strengths.map((strength) => {
      const adversarial = tf.tidy(
        () => images.add(noise.mul(strength)).clipByValue(...classifier.bounds) as tf.Tensor4D,
      );
      const truth = labels.dataSync();
      const predicted = tf.tidy(() => classifier.logits(adversarial).argMax(1).dataSync()) as Int32Array;
      return {
        strength,
        adversarial,
        ...unjudged(truth.length),
        predicted,
        misclassified: Uint8Array.from(predicted, (guess, i) => Number(guess !== truth[i])),
      };
    });
    noise.dispose();
    return outcomes;
  },
};

describe('a classifier whose pixels lie in [−1, 1]', () => {
  const model = network();
  const own = asClassifier(model, { bounds: [-1, 1] });
  /** The same function, for pixels in [0, 1]. */
  const shifted: Classifier = {
    ...own,
    bounds: [0, 1],
    logits: (x) => tf.tidy(() => own.logits(x.mul(2).sub(1))),
  };
  const both = async <T>(measure: (classifier: Classifier, width: number) => T | Promise<T>) =>
    [await expectNoLeak(async () => measure(own, 2)), await measure(shifted, 1)] as const;
  const close = (a: unknown, b: unknown): void => {
    if (typeof a === 'number') expect(a).toBeCloseTo(b as number, 4);
    else if (a !== null && typeof a === 'object')
      for (const [key, value] of Object.entries(a)) close(value, (b as Record<string, unknown>)[key]);
    else expect(a).toEqual(b);
  };

  it('is tested on these pixels', async () => {
    // Labels are what the model says of the pixels in [−1, 1], so that there is no error.
    const labels = tf.tidy(() => {
      const pixels = tf.tensor4d(
        Float32Array.from(set.pixels, (byte) => (2 * byte) / 255 - 1),
        [30, 6, 5, 2],
      );
      return Uint8Array.from((model.predict(pixels) as tf.Tensor).argMax(1).dataSync());
    });
    const own30 = { ...set, labels };
    expect(await both((classifier) => testError(classifier, own30))).toEqual([0, 0]);
    expect(testError(asClassifier(model), own30), 'on pixels in [0, 1]').toBeGreaterThan(10);
  });

  it('has strengths in their units: twice as large for the same share of the range', async () => {
    const curve = async (classifier: Classifier, width: number) => {
      const points = await robustnessCurve(classifier, set, shaken, [0, 0.3 * width, 0.8 * width], {
        seed: 1,
        batchSize: 7,
      });
      return points.map(({ misclassified }) => misclassified);
    };
    const [a, b] = await both(curve);
    expect(a).toEqual(b);
    expect(new Set(a).size, 'the strengths matter').toBeGreaterThan(1);
    const [c, d] = await both((classifier, width) =>
      measureCorruptions(classifier, set, [{ noise: shaken, severities: [0.5 * width] }], { seed: 1 }),
    );
    expect(c).toEqual(d);
  });

  it('is looked into on these pixels', async () => {
    const looked = (classifier: Classifier, width: number) => {
      const perturbation = { attack: shaken, strength: 0.5 * width };
      return gradCamSharpness(model, classifier, set, {
        layer: 'features',
        seed: 1,
        background: 'dark',
        perturbation,
      });
    };
    const [a, b] = await both(looked);
    close(a, b);
    expect(a.hoyer!.mean).not.toBeCloseTo((await looked(asClassifier(model), 1)).hoyer!.mean, 2);
    const [c, d] = await both((classifier) => activationVariance(model, classifier, set, { seed: 1 }));
    c.forEach(({ output }, i) => close(output, d[i].output));
    const [e, f] = await both((classifier, width) =>
      noiseResponse(model, classifier, set, {
        seed: 1,
        perturbation: { attack: shaken, strength: 0.5 * width },
      }),
    );
    e.forEach(({ noiseToSignal }, i) => close(noiseToSignal, f[i].noiseToSignal));
  });
});

describe('probabilities in place of logits', () => {
  const soft = network('softmax');
  const disguised: Classifier = { ...asClassifier(network()), logits: (x) => soft.predict(x) as tf.Tensor2D };
  const refusal = /probabilities/;

  it('are refused by every metric', async () => {
    await expectNoLeak(() => expect(() => testError(disguised, set)).toThrow(refusal));
    await expect(robustnessCurve(disguised, set, shaken, [0], { seed: 1 })).rejects.toThrow(refusal);
    await expect(activationVariance(soft, disguised, set, { seed: 1 })).rejects.toThrow(refusal);
    await expect(gradCamSharpness(soft, disguised, set, { layer: 'features', seed: 1 })).rejects.toThrow(
      refusal,
    );
    const images = tf.zeros<tf.Rank.R4>([1, 6, 5, 2]);
    expect(() => gradCam(soft, images, { layer: 'features' })).toThrow(refusal);
    images.dispose();
  });

  it('can be measured by their logarithms', () => {
    const plain = network();
    plain.setWeights(soft.getWeights());
    expect(testError(fromProbabilities(soft), set)).toBe(testError(asClassifier(plain), set));
    const images = tf.fill<tf.Rank.R4>([1, 6, 5, 2], 0.5);
    const options = { layer: 'features', classifier: fromProbabilities(soft) };
    const [p] = gradCam(soft, images, options).probabilities;
    expect(p).toBeCloseTo(gradCam(plain, images, { layer: 'features' }).probabilities[0], 5);
    images.dispose();
  });
});
