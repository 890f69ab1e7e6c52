import * as tf from '@tensorflow/tfjs';
import { buildVariant, findVariant } from '@weightmap/architectures';
import { asClassifier } from '@weightmap/core';
import { compiledClassifier } from '@weightmap/engine';
import { activationVariance, gradCam } from '@weightmap/metrics';
import { describeEachEngine, expectNoLeak } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { rectangles } from './_rectangles.js';

const spec = { height: 12, width: 12, channels: 1, classes: ['a', 'b', 'c'] };
const imagesOf = (count: number, seed: number) =>
  tf.randomUniform<tf.Rank.R4>([count, 12, 12, 1], 0, 1, 'float32', seed);

const variants = [
  'cnn-33',
  'cnn-smooth-32',
  'cnn-unsharp-32',
  'cnn-33-batchnorm',
  'resnet-alternating-unsharp',
] as const;

await describeEachEngine('compiled Grad-CAM', (engine) => {
  it.each(variants)('gives the numbers of the plain one, %s', async (id) => {
    const model = buildVariant(id, { spec, seed: 1 });
    const plain = asClassifier(model);
    const compiled = compiledClassifier(plain);
    const { gradCamLayer: layer } = findVariant(id);
    const largest: number[] = [];
    for (const [count, classIndex] of [[5], [5, [2, 0, 1, 1, 0]], [2]] as [number, number[]?][]) {
      const images = imagesOf(count, count);
      const expected = gradCam(model, images, { layer, classIndex });
      const actual = await expectNoLeak(() =>
        gradCam(model, images, { layer, classIndex, classifier: compiled }),
      );
      expect(actual.shape).toEqual(expected.shape);
      expect(actual.classIndex).toEqual(expected.classIndex);
      expect(actual.heatmaps).toBeAllclose(expected.heatmaps, 1e-5);
      expect(actual.probabilities).toBeAllclose(expected.probabilities, 1e-5);
      largest.push(Math.max(...actual.heatmaps));
      images.dispose();
    }
    expect(Math.max(...largest)).toBeCloseTo(1, 6); // not all of the maps are empty
    compiled.dispose();
    model.dispose();
  });

  it('follows its model, and frees what it holds', async () => {
    await expectNoLeak(() => {
      const model = buildVariant('cnn-smooth-32', { spec, seed: 1 });
      const other = buildVariant('cnn-smooth-32', { spec, seed: 2 });
      const classifier = compiledClassifier(asClassifier(model));
      const images = imagesOf(3, 1);
      const classIndex = [0, 1, 2];
      const maps = () => gradCam(model, images, { layer: 'smoothing3', classIndex, classifier }).heatmaps;
      const before = maps();
      model.setWeights(other.getWeights());
      expect(maps()).not.toEqual(before);
      expect(maps()).toBeAllclose(gradCam(other, images, { layer: 'smoothing3', classIndex }).heatmaps, 1e-5);
      tf.dispose([images]);
      classifier.dispose();
      [model, other].forEach((one) => one.dispose());
    });
  });

  it('repeats a complaint, and works after it', () => {
    const model = buildVariant('cnn-33', { spec, seed: 1 });
    const classifier = compiledClassifier(asClassifier(model));
    const images = imagesOf(2, 1);
    for (let i = 0; i < 2; i++)
      expect(() => gradCam(model, images, { layer: 'fc1', classifier })).toThrow(/no places/);
    expect(() => gradCam(model, images, { layer: 'conv3', classifier, classIndex: [3, 0] })).toThrow(
      /class 3/,
    );
    expect(gradCam(model, images, { layer: 'conv3', classifier }).shape).toEqual([2, 6, 6]);
    tf.dispose(images);
    classifier.dispose();
    model.dispose();
  });

  if (engine !== 'native') return;
  it('is one call of TensorFlow for a batch', () => {
    const model = buildVariant('cnn-unsharp-32', { spec, seed: 1 });
    const classifier = compiledClassifier(asClassifier(model));
    const images = imagesOf(4, 1);
    const explain = () => gradCam(model, images, { layer: 'unsharp3', classifier });
    expect(callsOfTheSecond(explain)).toEqual({ runSavedModel: 1, executeOp: 0 });
    tf.dispose(images);
    classifier.dispose();
    model.dispose();
  });
});

await describeEachEngine('compiled activation variance', () => {
  it.each(['cnn-33-batchnorm', 'cnn-unsharp-32', 'resnet-alternating-smoothing'] as const)(
    'gives the numbers of the plain one, %s',
    async (id) => {
      const model = buildVariant(id, { spec, seed: 1 });
      const plain = asClassifier(model);
      const compiled = compiledClassifier(plain);
      const set = rectangles(spec, 20);
      const measure = (classifier: typeof plain) =>
        activationVariance(model, classifier, set, { seed: 1, batchSize: 8 });
      const [actual, expected] = [await measure(compiled), await measure(plain)];
      expect(actual.map(({ layer, kind }) => [layer, kind])).toEqual(
        expected.map(({ layer, kind }) => [layer, kind]),
      );
      for (const figure of ['input', 'output'] as const)
        expect(actual.map((row) => row[figure])).toBeAllclose(
          expected.map((row) => row[figure]),
          1e-5,
        );
      compiled.dispose();
      model.dispose();
    },
  );
});

describe('a compiled function', () => {
  it('may give several tensors, in order or by name', () => {
    const model = buildVariant('cnn-33', { spec, seed: 1 });
    const classifier = compiledClassifier(asClassifier(model));
    const images = imagesOf(2, 1);
    const named = classifier.compile(({ x }: { x: tf.Tensor4D }) => {
      const logits = classifier.logits(x);
      return { logits, doubled: logits.mul(2) };
    });
    const listed = classifier.compile(({ x }: { x: tf.Tensor4D }) => [x.mean(), classifier.logits(x)]);
    for (let i = 0; i < 2; i++)
      tf.tidy(() => {
        const { logits, doubled } = named({ x: images });
        const [mean, again] = listed({ x: images });
        expect(doubled).toBeAllclose(logits.mul(2));
        expect(again).toBeAllclose(logits);
        expect(mean).toBeAllclose(images.mean());
      });
    tf.dispose(images);
    classifier.dispose();
    model.dispose();
  });
});

/** How often the native binding is asked to run a graph, and to run a single operation, at the second call of `body`. */
function callsOfTheSecond(body: () => void): Record<'runSavedModel' | 'executeOp', number> {
  type Binding = Record<string, (...args: unknown[]) => unknown>;
  const backend = tf.backend() as unknown as { binding: Binding };
  const { binding } = backend;
  const calls = { runSavedModel: 0, executeOp: 0 };
  const counted = (name: keyof typeof calls) => ({
    value: (...args: unknown[]) => {
      calls[name]++;
      return binding[name](...args);
    },
  });
  // From the first call on: what is compiled keeps the binding that it was made with.
  backend.binding = Object.create(binding, {
    runSavedModel: counted('runSavedModel'),
    executeOp: counted('executeOp'),
  }) as Binding;
  try {
    body();
    const first = { ...calls };
    body();
    return {
      runSavedModel: calls.runSavedModel - first.runSavedModel,
      executeOp: calls.executeOp - first.executeOp,
    };
  } finally {
    backend.binding = binding;
  }
}
