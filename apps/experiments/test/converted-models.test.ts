// What tensorflowjs_converter 4.22 (TensorFlow 2.19) makes of small networks of tf_keras 2.21 and Keras 3.15: `converted/make.py`.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { batchesOf, firstOf } from '@weightmap/core';
import { datasets } from '@weightmap/datasets';
import { startEngine } from '@weightmap/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutGradient } from '../src/attack/own-model-attacks.js';
import { loadOwnModel } from '../src/attack/own-model-network.js';
import { here } from './_command.js';

const converted = path.join(import.meta.dirname, 'converted');

let work: string;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-converted-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

describe.each(['keras-2-layers', 'keras-2-graph', 'keras-3-graph'])('%s', (name) => {
  it('has the probabilities that Keras computes, and a gradient', async () => {
    const { train } = await datasets.digits.load({ seed: 1 });
    const few = firstOf(train, 4);
    const model = await loadOwnModel(path.join(converted, name), { spec: () => Promise.resolve(few.spec) });
    try {
      const { classifier, outputs } = model.classifier(few.spec, undefined);
      expect(outputs).toMatch(/softmax/);
      const all = JSON.parse(await readFile(path.join(converted, 'expected.json'), 'utf8')) as Record<
        string,
        number[][]
      >;
      const expected = all[name.slice(0, 'keras-2'.length)];
      for (const { images } of batchesOf(few, 4, classifier)) {
        const logits = classifier.logits(images);
        const own = await tf.softmax(logits).array();
        expect(own.length).toBe(expected.length);
        own.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(expected[i][j], 4)));
        logits.dispose();
      }
      expect(withoutGradient(classifier, few)).toBeNull();
    } finally {
      model.dispose();
    }
  });
});

it('a converted network is attacked by its folder', async () => {
  const out = path.join(work, 'out');
  const { code, stdout, stderr } = await here(
    ...['attack', path.join(converted, 'keras-3-graph'), '--data', 'digits', '--attacks', 'fgsm'],
    ...['--epsilons', '0.05', '--images', '20', '--masking', '0', '--out', out],
  );
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/keras-3-graph \(graph model\) on 20 images of procedural digits/);
  const { results } = JSON.parse(await readFile(path.join(out, 'attack.json'), 'utf8')) as {
    results: {
      cells: [{ cleanAccuracyPercent: number; attacks: [{ points: [{ accuracyPercent: number }] }] }];
    };
  };
  const [{ cleanAccuracyPercent, attacks }] = results.cells;
  expect(cleanAccuracyPercent).toBeGreaterThan(50);
  expect(attacks[0].points[0].accuracyPercent).toBeLessThan(cleanAccuracyPercent);
});

it('the layers of Keras 3 are refused, with the way to a graph model', async () => {
  const given = path.join(converted, 'keras-3-layers');
  const { code, stderr } = await here('attack', given, '--data', 'digits');
  expect(code).toBe(1);
  expect(stderr).toMatch(/Keras 3 model/);
  expect(stderr).toMatch(/model\.export\('saved'\).*--input_format=tf_saved_model/s);
});
