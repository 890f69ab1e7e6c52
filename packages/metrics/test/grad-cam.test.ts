import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { layerNamed } from '../src/_tap.js';
import { gradCam, mapGeometry, passesOnce } from '../src/index.js';
import { countingCompiler, fixedInitializer } from './_fixtures.js';

useEngine();

const images = (batch: number, [h, w, c]: number[]) =>
  tf.tensor4d(randomStream(4, 'images').uniforms(batch * h * w * c), [batch, h, w, c]);

const conv = (name: string, filters: number, seed: number, more: object = {}) =>
  tf.layers.conv2d({
    name,
    filters,
    kernelSize: 3,
    padding: 'same',
    activation: 'tanh',
    kernelInitializer: fixedInitializer(seed),
    biasInitializer: fixedInitializer(seed + 1),
    ...more,
  });
const logits = (units = 3) =>
  tf.layers.dense({
    name: 'logits',
    units,
    kernelInitializer: fixedInitializer(40),
    biasInitializer: fixedInitializer(41),
  });

/** conv → global average → dense: ∂z_k/∂A[·, ·, c] = W[c, k] / (height · width). */
const averaged = () =>
  tf.sequential({
    layers: [
      conv('features', 5, 10, { inputShape: [6, 4, 2] }),
      tf.layers.globalAveragePooling2d({ name: 'average' }),
      logits(),
    ],
  });

/** A residual block whose branch is examined, and the layers behind it, so that activations can be set by hand. */
function residual() {
  const image = tf.input({ shape: [5, 4, 2] });
  const stem = conv('stem', 3, 20).apply(image) as tf.SymbolicTensor;
  const branch = conv('branch', 3, 22).apply(stem) as tf.SymbolicTensor;
  const sum = tf.layers.add({ name: 'sum' });
  const behind = [conv('behind', 4, 24, { strides: 2 }), tf.layers.flatten({ name: 'flat' }), logits()];
  const tail = (x: tf.SymbolicTensor, y: tf.SymbolicTensor) =>
    behind.reduce((z, layer) => layer.apply(z) as tf.SymbolicTensor, sum.apply([x, y]) as tf.SymbolicTensor);
  const model = tf.model({ inputs: image, outputs: tail(stem, branch) });
  const parts = tf.model({ inputs: image, outputs: [stem, branch] });
  const [x, y] = [tf.input({ shape: [5, 4, 3] }), tf.input({ shape: [5, 4, 3] })];
  return { model, parts, rest: tf.model({ inputs: [x, y], outputs: tail(x, y) }) };
}

/** ReLU(Σ_c α_c·A), divided by its largest value, in plain loops: for one image. */
function literalMap(activation: ArrayLike<number>, alpha: number[]): number[] {
  const places = activation.length / alpha.length;
  const map = Array.from({ length: places }, (_, p) =>
    Math.max(
      0,
      alpha.reduce((sum, a, c) => sum + a * activation[p * alpha.length + c], 0),
    ),
  );
  const largest = Math.max(...map);
  return map.map((value) => (largest === 0 ? 0 : value / largest));
}

describe('gradCam', () => {
  it('equals the closed form behind a global average', () => {
    const model = averaged();
    const x = images(3, [6, 4, 2]);
    const classIndex = [2, 0, 1];
    const { heatmaps, shape, probabilities } = gradCam(model, x, { layer: 'features', classIndex });
    expect(shape).toEqual([3, 6, 4]);

    const a = (model.getLayer('features').apply(x) as tf.Tensor).dataSync();
    const w = model.getLayer('logits').getWeights()[0].arraySync() as number[][];
    const z = (model.predict(x) as tf.Tensor2D).arraySync();
    classIndex.forEach((k, i) => {
      const alpha = w.map((row) => row[k] / 24);
      const expected = literalMap(a.slice(i * 120, (i + 1) * 120), alpha);
      expect(heatmaps.slice(i * 24, (i + 1) * 24)).toBeAllclose(expected, 1e-4);
      const total = z[i].reduce((sum, value) => sum + Math.exp(value), 0);
      expect(probabilities[i]).toBeCloseTo(Math.exp(z[i][k]) / total, 5);
    });
    expect(heatmaps.some((value) => value > 0)).toBe(true);
  });

  it('explains the predicted classes by default', () => {
    const model = averaged();
    const x = images(3, [6, 4, 2]);
    const predicted = [...(model.predict(x) as tf.Tensor).argMax(1).dataSync()];
    const byDefault = gradCam(model, x, { layer: 'features' });
    expect(byDefault.classIndex).toEqual(predicted);
    expect(byDefault).toEqual(gradCam(model, x, { layer: 'features', classIndex: predicted }));
  });

  it('equals numerical differentiation by the activations of a residual branch', () => {
    const { model, parts, rest } = residual();
    const x = images(1, [5, 4, 2]);
    const [stem, branch] = parts.predict(x) as tf.Tensor[];
    const a = branch.dataSync();
    const step = 0.05;
    // All 60 activations moved up and down at once, as a batch of 120; central differences.
    const moved = tf.tidy(() => {
      const change = tf.eye(60).mul(step);
      const batch = tf
        .concat([change, change.neg()])
        .add(branch.reshape([1, 60]))
        .reshape([120, 5, 4, 3]);
      return (rest.predict([stem.tile([120, 1, 1, 1]), batch]) as tf.Tensor2D).arraySync();
    });
    for (const k of [0, 1, 2]) {
      const alpha = [0, 1, 2].map((c) => {
        let sum = 0;
        for (let p = 0; p < 20; p++) sum += (moved[p * 3 + c][k] - moved[60 + p * 3 + c][k]) / (2 * step);
        return sum / 20;
      });
      const { heatmaps } = gradCam(model, x, { layer: 'branch', classIndex: [k] });
      expect(heatmaps).toBeAllclose(literalMap(a, alpha), 0.01);
    }
  });

  it('looks at a layer of a model that is a layer', () => {
    const inner = tf.sequential({
      name: 'inner',
      layers: [conv('features', 5, 10, { inputShape: [6, 4, 2] })],
    });
    const image = tf.input({ shape: [6, 4, 2] });
    const layers = [inner, tf.layers.globalAveragePooling2d({}), logits()];
    const outputs = layers.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, image);
    const outer = tf.model({ inputs: image, outputs });
    const x = images(2, [6, 4, 2]);
    const nested = gradCam(outer, x, { layer: 'features' });
    expect(nested.heatmaps).toBeAllclose(gradCam(outer, x, { layer: 'inner' }).heatmaps, 1e-6);
  });

  it('asks a classifier for one compiled step a layer, which reads nothing', () => {
    const { model } = residual();
    const plain = asClassifier(model);
    const { classifier, counts } = countingCompiler(plain);
    const x = images(3, [5, 4, 2]);
    for (const options of [{ layer: 'branch' }, { layer: 'branch', classIndex: [2, 0, 1] }]) {
      const compiled = gradCam(model, x, { ...options, classifier });
      expect(compiled).toEqual(gradCam(model, x, options));
      expect(compiled).toEqual(gradCam(model, x, { ...options, classifier: plain }));
    }
    expect(counts).toEqual({ made: 1, called: 2 });
    gradCam(model, x, { layer: 'stem', classifier });
    expect(counts).toEqual({ made: 2, called: 3 });
  });

  it('explains what the classifier makes of the images', () => {
    const model = averaged();
    const plain = asClassifier(model);
    const inverted = { ...plain, logits: (x: tf.Tensor4D) => plain.logits(tf.sub(1, x)) };
    const x = images(2, [6, 4, 2]);
    expect(gradCam(model, x, { layer: 'features', classifier: inverted })).toEqual(
      gradCam(model, tf.sub(1, x), { layer: 'features' }),
    );
  });

  it('knows whether a classifier passes through a layer once', () =>
    expectNoLeak(() => {
      const model = averaged();
      const plain = asClassifier(model, { inputShape: [6, 4, 2] });
      const [kernel] = model.getLayer('logits').getWeights();
      const around = {
        ...plain,
        logits: (x: tf.Tensor4D) =>
          tf.tidy(() => x.mean<tf.Tensor2D>([1, 2]).matMul(tf.ones([2, kernel.shape[1]!]))),
      } as typeof plain;
      const twice = {
        ...plain,
        logits: (x: tf.Tensor4D) => plain.logits(x).add<tf.Tensor2D>(plain.logits(x)),
      };
      const once = [plain, around, twice].map((one) => passesOnce(model, 'features', one));
      expect(once).toEqual([true, false, false]);
      expect(Object.hasOwn(model.getLayer('features'), 'call')).toBe(false);
      expect(() => passesOnce(model, 'feature', plain)).toThrow(/no layer named/);
      model.dispose();
    }));

  it('leaves a map that is 0 everywhere at 0', () => {
    const model = averaged();
    const [kernel, bias] = model.getLayer('logits').getWeights();
    model.getLayer('logits').setWeights([kernel.mul(0), bias]);
    const { heatmaps } = gradCam(model, images(2, [6, 4, 2]), { layer: 'features' });
    expect([...heatmaps]).toEqual(new Array(48).fill(0));
  });

  it('leaves model and memory as they were', async () => {
    const model = averaged();
    const x = images(2, [6, 4, 2]);
    const before = (model.predict(x) as tf.Tensor).dataSync();
    await expectNoLeak(() => gradCam(model, x, { layer: 'features' }));
    expect(Object.hasOwn(model.getLayer('features'), 'call')).toBe(false);
    expect((model.predict(x) as tf.Tensor).dataSync()).toEqual(before);
  });

  it('does so when something throws, and keeps a replaced call', async () => {
    const model = averaged();
    const x = images(2, [6, 4, 2]);
    const [features, average] = [model.getLayer('features'), model.getLayer('average')];
    const own = features.call.bind(features);
    features.call = own;
    average.call = () => {
      throw new Error('as it happens');
    };
    await expectNoLeak(() => expect(() => gradCam(model, x, { layer: 'features' })).toThrow('as it happens'));
    expect(Object.getOwnPropertyDescriptor(features, 'call')?.value).toBe(own);
  });

  it('says which layers there are, and which will not do', async () => {
    const model = averaged();
    const x = images(2, [6, 4, 2]);
    const complaint = (layer: string, classIndex?: number[]) =>
      expectNoLeak(() => {
        try {
          gradCam(model, x, { layer, classIndex });
        } catch (error) {
          return (error as { explain?(): string }).explain?.() ?? String(error);
        }
        return '';
      });
    expect(await complaint('feature')).toMatch(/"feature"[\s\S]*features, average, logits/);
    expect(await complaint('average')).toMatch(/no places[\s\S]*2, 5/);
    expect(await complaint('features', [0, 3])).toMatch(/class 3[\s\S]*0 … 2/);
    expect(await complaint('features', [0])).toMatch(/1 classes[\s\S]*2 images/);
  });

  it('refuses inputs, shared layers, and numbers that are not finite', async () => {
    const image = tf.input({ name: 'image', shape: [4, 4, 2] });
    const shared = conv('shared', 2, 30);
    const twice = shared.apply(shared.apply(image)) as tf.SymbolicTensor;
    const flat = tf.layers.flatten().apply(twice) as tf.SymbolicTensor;
    const model = tf.model({ inputs: image, outputs: logits().apply(flat) as tf.SymbolicTensor });
    await expectNoLeak(() => {
      const x = images(1, [4, 4, 2]);
      expect(() => gradCam(model, x, { layer: 'shared' })).toThrow(/used 2 times/);
      x.dispose();
    });
    expect(() => gradCam(model, images(1, [4, 4, 2]), { layer: 'image' })).toThrow(/used 0 times/);
    for (const pixel of [NaN, Infinity])
      expect(() => gradCam(averaged(), tf.fill([1, 6, 4, 2], pixel), { layer: 'features' })).toThrow(
        /contain NaN|reach from/,
      );
  });

  it('refuses a name that several layers have, lists their paths, and takes a path', () => {
    const inside = () =>
      tf.sequential({
        name: 'inner',
        layers: [conv('features', 2, 1, { inputShape: [6, 4, 2] }), conv('only', 2, 2)],
      });
    const image = tf.input({ shape: [6, 4, 2] });
    const own = conv('features', 3, 5).apply(inside().apply(image)) as tf.SymbolicTensor;
    const pooled = tf.layers.globalAveragePooling2d({}).apply(own) as tf.SymbolicTensor;
    const model = tf.model({ inputs: image, outputs: logits().apply(pooled) as tf.SymbolicTensor });
    const x = images(1, [6, 4, 2]);
    const channels = (layer: string) => layerNamed(model, layer).outputShape as number[];
    expect(() => gradCam(model, x, { layer: 'features' })).toThrow(
      /2 layers of the model are named "features"/,
    );
    expect(() => mapGeometry(model, 'features')).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ where: '/inner/features, /features' }) as object,
      }),
    );
    expect(channels('/features').at(-1)).toBe(3);
    for (const path of ['/inner/features', 'inner/features']) expect(channels(path).at(-1)).toBe(2);
    expect(channels('only').at(-1)).toBe(2);
    expect(gradCam(model, x, { layer: '/features' }).heatmaps).not.toEqual(
      gradCam(model, x, { layer: '/inner/features' }).heatmaps,
    );
    tf.dispose([x, ...model.getWeights()]);
  });

  it('refuses images that are not within the bounds of the classifier, or of another shape', () => {
    const model = averaged();
    const classifier = asClassifier(model, { bounds: [0, 1] });
    const [wide, turned] = [tf.fill<tf.Rank.R4>([1, 6, 4, 2], -1), tf.zeros<tf.Rank.R4>([1, 2, 6, 4])];
    expect(() => gradCam(model, wide, { layer: 'features', classifier })).toThrow(/reach from -1/);
    expect(gradCam(model, wide, { layer: 'features' }).shape).toEqual([1, 6, 4]);
    expect(() => gradCam(model, turned, { layer: 'features' })).toThrow(/shape \[1, 2, 6, 4\]/);
    tf.dispose([wide, turned]);
  });
});
