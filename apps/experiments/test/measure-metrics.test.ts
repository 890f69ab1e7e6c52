import * as tf from '@tensorflow/tfjs';
import { asClassifier, countOf, imageSet, WeightmapError, type Metric } from '@weightmap/core';
import { flops, testError, trainableParameters } from '@weightmap/metrics';
import { runRecordSchema } from '@weightmap/records';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { makeRecord } from '@weightmap/test-utils/records';
import { describe, expect, it } from 'vitest';
import { measureMetrics } from '../src/cells/measure-metrics.js';
import { sideFigures } from '../src/cells/side-figures.js';
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

describe('a metric that fails', () => {
  const metric = (id: string, measure: () => unknown) =>
    ({ id, label: `The ${id}`, unit: '%', source: 'test', measure }) as Metric<number>;
  const failing = {
    'throws-it': () => {
      throw new RangeError('no room\nfor that');
    },
    'throws-text': () => {
      throw 'only text'; // eslint-disable-line @typescript-eslint/only-throw-error -- a plugin may
    },
    'rejects-late': () => Promise.reject(new Error('later')),
    'is-nan': () => Number.NaN,
    'is-text': () => '3',
    'is-nothing': () => undefined,
    'is-empty': () => ({}),
    'has-infinity': () => ({ fine: 1, not: Number.POSITIVE_INFINITY }),
    'is-nested': () => ({ deep: { er: 1 } }),
    'never-comes': () => new Promise(() => {}),
  };

  it('is missing in the record with its reason and costs nothing else; the required ones still fail', async () => {
    const metrics = Object.fromEntries(
      Object.entries(failing).map(([id, measure]) => [id, metric(id, measure)]),
    );
    usePlugin({ file: '/there/failing.mjs', sha256: 'b'.repeat(64), plugin: { metrics } });
    const model = tinyModel();
    const classifier = asClassifier(model);
    const subject = { model, classifier, test, batchSize: 2, seed: 7 };
    const notes: string[] = [];
    const figures = sideFigures({ onNote: (note) => notes.push(note) });
    const { fields, others } = await measureMetrics(subject, { figures, patience: 0.05 });
    const record = runRecordSchema.parse({
      ...makeRecord({}),
      ...fields,
      ...others,
      missing: figures.missing,
    });
    expect(record.missing).toEqual([
      { figure: 'throws-it', reason: expect.stringContaining('RangeError: no room') as string },
      { figure: 'throws-text', reason: 'only text' },
      { figure: 'rejects-late', reason: expect.stringContaining('later') as string },
      ...['is-nan', 'is-text', 'is-nothing', 'is-empty', 'has-infinity', 'is-nested'].map((figure) => ({
        figure,
        reason: expect.stringContaining(`The metric "${figure}" of a plugin gave`) as string,
      })),
      { figure: 'never-comes', reason: expect.stringContaining('gave no result') as string },
    ]);
    const kept = Object.keys(record.metrics!);
    expect(kept).toContain('seed-and-size');
    expect(kept.filter((id) => id in failing)).toEqual([]);
    expect(record.metricNames!['is-nan'].label).toBe('The is-nan');
    expect(notes).toHaveLength(10);
    expect(record.testErrorPercent).toBe(testError(classifier, test));

    const broken = { ...subject, classifier: { ...classifier, logits: () => tf.fill([2, 2], Number.NaN) } };
    await expect(
      measureMetrics(broken as never, { figures: sideFigures(), patience: 0.05 }),
    ).rejects.toThrow();
    model.dispose();
  });

  it('that counts operations leaves the record without FLOPs, and names the layer', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.reshape({ inputShape: [8, 8, 1], targetShape: [8, 8] }),
        tf.layers.lstm({ name: 'odd', units: 2 }),
        tf.layers.dense({ units: 2 }),
      ],
    });
    const figures = sideFigures();
    const subject = { model, classifier: asClassifier(model), test, batchSize: 2, seed: 7 };
    const { fields } = await measureMetrics(subject, { figures, patience: 0.05 });
    expect(fields).not.toHaveProperty('flops');
    expect(figures.missing[0]).toEqual({
      figure: 'flops',
      reason: 'There is no rule for the operations of the layer "odd", a LSTM.',
    });
    model.dispose();
  });

  it.each(['ENOSPC', 'EIO', 'EROFS'])(
    'because of a disk (%s), does not become a missing figure',
    async (code) => {
      const error = Object.assign(new Error(`${code}: the disk`), { code });
      const wrapped = new WeightmapError('A file cannot be written.', {}, { cause: error });
      for (const one of [error, wrapped])
        await expect(sideFigures().attempt('gradCam', [], () => Promise.reject(one))).rejects.toBe(one);
    },
  );

  it('because of a stop, does not become a missing figure', async () => {
    const signal = AbortSignal.abort('stopped');
    const stopped = sideFigures({ signal }).attempt('gradCam', [], () => signal.throwIfAborted());
    await expect(stopped).rejects.toBe('stopped');
  });
});
