import * as tf from '@tensorflow/tfjs';
import { asClassifier } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { metrics, type CatalogueMetric } from '../src/index.js';
import { randomSet } from './_fixtures.js';

useEngine();

describe.each(Object.entries<CatalogueMetric>(metrics))('%s', (id, metric) => {
  it('measures finite figures, the same each time, and leaves model and memory as they were', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [4, 3, 2], filters: 2, kernelSize: 3, activation: 'relu' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3 }),
      ],
    });
    const subject = {
      model,
      classifier: asClassifier(model),
      test: randomSet([0, 1, 2, 0, 1]),
      batchSize: 2,
      seed: 1,
    };
    const weights = () => model.getWeights().map((weight) => [...weight.dataSync()]);
    const before = weights();
    const value = await expectNoLeak(async () => metric.measure(subject));
    expect(await metric.measure(subject)).toEqual(value);
    const figures = typeof value === 'number' ? [value] : Object.values(value);
    expect(figures.length).toBeGreaterThan(0);
    expect(figures.every((figure) => Number.isFinite(figure) && figure >= 0)).toBe(true);
    expect(weights()).toEqual(before);
    expect(metric.id).toBe(id);
    expect(metric.label).not.toBe('');
    expect(metric.source).not.toBe('');
  });
});
