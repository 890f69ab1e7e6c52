import * as tf from '@tensorflow/tfjs';
import { asClassifier, countOf, imageSet, type Metric } from '@weightmap/core';
import { flops, testError, trainableParameters } from '@weightmap/metrics';
import { runRecordSchema } from '@weightmap/records';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { makeRecord } from '@weightmap/test-utils/records';
import { describe, expect, it } from 'vitest';
import { measureMetrics } from '../src/cells/measure-metrics.js';
import { allMetrics, usePlugin } from '../src/plugins/components.js';

useEngine();

const spec = { height: 8, width: 8, channels: 1, classes: ['a', 'b'] };
const test = imageSet(
  spec,
  Uint8Array.from({ length: 3 * 64 }, (_, i) => (i * 37) % 256),
  Uint8Array.of(0, 1, 1),
);
const tinyModel = () =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 2, kernelSize: 3 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2 }),
    ],
  });

/** A metric of a plugin that returns an object, later. */
const seedAndSize: Metric<Readonly<Record<string, number>>> = {
  id: 'seed-and-size',
  label: 'Seed and size',
  unit: 'images',
  source: 'test',
  measure: async ({ seed, test: { labels } }) => ({ seed, size: labels.length }),
};
usePlugin({
  file: '/there/metric.mjs',
  sha256: 'a'.repeat(64),
  plugin: { metrics: { 'seed-and-size': seedAndSize } },
});

const measured = async () => {
  const model = tinyModel();
  const classifier = asClassifier(model);
  try {
    const own = {
      parameters: trainableParameters(model),
      flops: flops(model),
      testErrorPercent: testError(classifier, test),
    };
    const results = await expectNoLeak(() =>
      measureMetrics({ model, classifier, test, batchSize: 2, seed: 7 }),
    );
    return { own, ...results };
  } finally {
    model.dispose();
  }
};

describe('the record of a cell', () => {
  it.each(allMetrics().map(({ id, label, unit, recordKey }) => ({ id, label, unit, recordKey })))(
    'holds the result of $id',
    async ({ id, label, unit, recordKey }) => {
      const { fields, others } = await measured();
      const record = runRecordSchema.parse({ ...makeRecord({}), ...fields, ...others });
      if (recordKey) expect(record).toHaveProperty(recordKey);
      else {
        expect(record.metrics).toHaveProperty(id);
        expect(record.metricNames?.[id]).toEqual({ label, unit });
      }
    },
  );

  it('has the fields of the paper’s figures in their order, and the metrics of plugins by their ids', async () => {
    const { own, fields, others } = await measured();
    expect(Object.entries(fields)).toEqual(Object.entries(own));
    expect(others.metrics?.['seed-and-size']).toEqual({ seed: 7, size: countOf(test) });
    expect(others.metricNames?.['seed-and-size']).toEqual({ label: 'Seed and size', unit: 'images' });
  });
});
