import * as tf from '@tensorflow/tfjs';
import { buildVariant, findVariant, type VariantId } from '@weightmap/architectures';
import { asClassifier, type Dataset } from '@weightmap/core';
import { compiledClassifier } from '@weightmap/engine';
import { runRecordSchema } from '@weightmap/records';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { measureFeatures } from '../src/cells/measure-features.js';
import { rectangles } from './_rectangles.js';
import { makeRecord } from '@weightmap/test-utils/records';

useEngine();

const spec = { height: 12, width: 12, channels: 1, classes: ['a', 'b', 'c'] };

const datasetOf = (id: string): Dataset => {
  const test = rectangles(spec, 20);
  const parts = { train: test, validation: test, test };
  return { id, label: id, spec, ...parts, checksum: 'a'.repeat(64), source: 'made here', notes: [] };
};

const measure = async (variant: VariantId, id: string) => {
  const model = buildVariant(variant, { spec, seed: 1 });
  const classifier = compiledClassifier(asClassifier(model));
  const before = tf.memory().numTensors;
  const { evaluation } = makeRecord({ evaluation: { varianceImages: 16, sharpnessImages: 50 } }).cell;
  const layer = findVariant(variant).gradCamLayer;
  const result = await measureFeatures(model, classifier, datasetOf(id), {
    layer,
    seed: 1,
    subsetSeed: 1,
    evaluation,
  });
  expect(tf.memory().numTensors).toBe(before);
  classifier.dispose();
  model.dispose();
  return result;
};

describe('what is measured of the features', () => {
  it('has a row a feature layer and a row a condition, and fits into a record', async () => {
    const { activationVariance, gradCamSharpness } = await measure('cnn-smooth-32', 'digits');
    expect(activationVariance.map(({ layer, kind, n, beta }) => [layer, kind, n, beta])).toEqual([
      ['smoothing1', 'smoothing', 16, 0.6],
      ['smoothing2', 'smoothing', 16, 0.6],
      ['smoothing3', 'smoothing', 16, 0.6],
    ]);
    for (const { clean, noisy } of activationVariance) {
      expect(clean.amplification!.measured).toBeCloseTo(clean.amplification!.predicted, 6);
      expect(noisy.input).not.toBe(clean.input);
    }
    expect(gradCamSharpness.map(({ condition, strength, n }) => [condition, strength, n])).toEqual([
      ['clean', 0, 20],
      ['noisy', 0.6, 20],
      ['attacked', 0.1, 20],
    ]);
    for (const { n, empty, hoyer, background } of gradCamSharpness) {
      expect(hoyer!.n).toBe(n - empty);
      expect(background!.n).toBe(n - empty);
    }
    const record = makeRecord({ activationVariance, gradCamSharpness });
    expect(runRecordSchema.parse(record)).toEqual(record);
  });

  it('claims no background of photographs, and no equation 5 of convolutions', async () => {
    const { activationVariance, gradCamSharpness } = await measure('cnn-33', 'iwildcam');
    expect(gradCamSharpness.map(({ background }) => background)).toEqual([null, null, null]);
    expect(activationVariance.map(({ kind, clean }) => [kind, clean.amplification])).toEqual([
      ['conv', null],
      ['conv', null],
      ['conv', null],
    ]);
  });
});
