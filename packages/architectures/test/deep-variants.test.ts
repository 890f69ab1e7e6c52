import * as tf from '@tensorflow/tfjs';
import type { ImageSpec } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { buildVariant, variants, type FeatureKind, type VariantId } from '../src/index.js';
import { noise, saveAndLoad } from './_models.js';
import { cifar10, iwildcam, mnist, specOf } from './_specs.js';

useEngine();

type Size = [height: number, width: number];

/** Parameters of one 3×3 layer: a kernel and a bias a channel, or a weight a pixel and a bias a position. */
const layer = (kind: FeatureKind, [h, w]: Size, ci: number, co: number, [ho, wo]: Size = [h, w]) =>
  kind === 'conv' ? 9 * ci * co + co : h * w * ci * co + ho * wo * co;

const halved = ([h, w]: Size, round: (side: number) => number): Size => [round(h / 2), round(w / 2)];

/** Table 2, layer by layer: widths 8, 16, 32, 64 in 3, 4, 6, 4 blocks. */
function resnetParameters(kinds: FeatureKind[], { height, width, channels, classes }: ImageSpec): number {
  const turns = Array.from({ length: 34 }, (_, i) => kinds[i % kinds.length]);
  let [total, size, ci]: [number, Size, number] = [0, [height, width], channels];
  for (const [co, blocks] of [
    [8, 3],
    [16, 4],
    [32, 6],
    [64, 4],
  ]) {
    for (let block = 0; block < blocks; block++) {
      const next = co > 8 && block === 0 ? halved(size, Math.ceil) : size;
      total += layer(turns.shift()!, size, ci, co, next) + layer(turns.shift()!, next, co, co);
      if (block === 0) total += ci * co + co;
      [size, ci] = [next, co];
    }
  }
  return total + 64 * classes.length + classes.length;
}

/** Table 3, layer by layer: 16 channels, then 8 more with each of 2, 4, 8, 16 layers. */
function densenetParameters(kinds: FeatureKind[], { height, width, channels, classes }: ImageSpec): number {
  const turns = Array.from({ length: 31 }, (_, i) => kinds[i % kinds.length]);
  let [total, size, ci]: [number, Size, number] = [
    layer(turns.shift()!, [height, width], channels, 16),
    [height, width],
    16,
  ];
  for (const [group, layers] of [2, 4, 8, 16].entries()) {
    if (group > 0) size = halved(size, Math.floor);
    for (let i = 0; i < layers; i++) {
      total += layer(turns.shift()!, size, ci, 8);
      ci += 8;
    }
  }
  return total + 256 * classes.length + classes.length;
}

const kindsOf: Record<string, FeatureKind[]> = {
  conv: ['conv'],
  smoothing: ['smoothing'],
  unsharp: ['unsharp'],
  'alternating-smoothing': ['conv', 'smoothing'],
  'alternating-unsharp': ['conv', 'unsharp'],
};

/** For 28×28×1, 32×32×3 and 23×32×1; the same networks written in PyTorch have these counts, too. */
const expected: [id: VariantId, mnist: number, cifar10: number, iwildcam: number][] = [
  ['resnet-conv', 407_234, 407_394, 407_234],
  ['resnet-smoothing', 2_013_322, 2_502_042, 1_848_970],
  ['resnet-unsharp', 2_013_322, 2_502_042, 1_848_970],
  ['resnet-alternating-smoothing', 1_152_298, 1_364_618, 1_064_682],
  ['resnet-alternating-unsharp', 1_152_298, 1_364_618, 1_064_682],
  ['densenet-conv', 288_090, 288_378, 288_090],
  ['densenet-smoothing', 1_082_698, 1_548_810, 958_474],
  ['densenet-unsharp', 1_082_698, 1_548_810, 958_474],
  ['densenet-alternating-smoothing', 631_042, 828_930, 573_922],
  ['densenet-alternating-unsharp', 631_042, 828_930, 573_922],
];
const ids = expected.map(([id]) => id);

/** Every layer's output, as announced and as computed. */
function layerShapes(model: tf.LayersModel, batch: number) {
  const layers = model.layers.slice(1); // the first is the input
  const everything = tf.model({
    inputs: model.inputs,
    outputs: layers.map(({ output }) => output as tf.SymbolicTensor),
  });
  const [, ...shape] = model.inputs[0].shape as [null, number, number, number];
  const images = noise([batch, ...shape]);
  const computed = everything.predict(images) as tf.Tensor[];
  tf.dispose([images, computed]);
  return layers.map(({ name, outputShape }, i) => ({
    name,
    announced: [batch, ...(outputShape as tf.Shape).slice(1)],
    computed: computed[i].shape,
  }));
}

describe('the ResNets and DenseNets of tables 5 to 7', () => {
  it('are these ten, in the order of the paper', () => {
    const deep = variants.filter(({ architecture }) => architecture !== 'cnn');
    expect(deep.map(({ id }) => id)).toEqual(ids);
  });

  it.each(expected)('%s has as many parameters as its layers', async (id, ...counts) => {
    const [architecture, ...form] = id.split('-');
    const formula = architecture === 'resnet' ? resnetParameters : densenetParameters;
    const kinds = kindsOf[form.join('-')];
    for (const [i, spec] of [mnist, cifar10, iwildcam].entries())
      await expectNoLeak(() => {
        const model = buildVariant(id, { spec, seed: 1 });
        const count = model.trainableWeights.reduce(
          (total, { shape }) => total + tf.util.sizeFromShape(shape as number[]),
          0,
        );
        expect(model.name).toBe(id);
        expect(model.outputs[0].shape).toEqual([null, 10]);
        model.dispose();
        expect(count).toBe(counts[i]);
        expect(formula(kinds, spec)).toBe(counts[i]);
      });
  });

  it.each(ids)('%s computes the shapes that it announces, whatever the image', async (id) => {
    const smallest = id.startsWith('resnet') ? specOf(1, 1, 1, 2) : specOf(8, 8, 1, 2);
    for (const spec of [iwildcam, specOf(9, 17, 2, 3), specOf(12, 8, 1, 5), smallest])
      await expectNoLeak(() => {
        const model = buildVariant(id, { spec, seed: 1 });
        for (const { name, announced, computed } of layerShapes(model, 2))
          expect(computed, `${name} for ${spec.height}×${spec.width}`).toEqual(announced);
        model.dispose();
      });
  });

  it.each(variants.filter(({ id }) => ids.includes(id)))(
    'shows Grad-CAM the maps that $id averages, after their ReLU',
    ({ id, gradCamLayer }) => {
      const model = buildVariant(id, { spec: specOf(16, 17, 1, 2), seed: 1 });
      const features = model.getLayer(gradCamLayer);
      expect(features.outboundNodes.map(({ outboundLayer }) => outboundLayer.name)).toEqual([
        'global-average',
      ]);
      expect(features.outputShape).toEqual([
        null,
        2,
        id.startsWith('resnet') ? 3 : 2,
        id.startsWith('resnet') ? 64 : 256,
      ]);
      const upTo = tf.model({ inputs: model.inputs, outputs: features.output });
      const values = tf.tidy(() => (upTo.predict(noise([4, 16, 17, 1])) as tf.Tensor).dataSync());
      expect(Math.min(...values)).toBe(0);
      expect(Math.max(...values)).toBeGreaterThan(0);
      model.dispose();
    },
  );

  it.each(ids)('%s changes every weight in a training step', async (id) => {
    await expectNoLeak(() => {
      const model = buildVariant(id, { spec: specOf(17, 18, 1, 3), seed: 2 });
      const before = model.getWeights().map((weight) => weight.dataSync().slice());
      const images = noise([8, 17, 18, 1]);
      const labels = tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32');
      const optimizer = tf.train.adam(1e-3);
      optimizer.minimize(() => {
        const logits = model.apply(images, { training: true }) as tf.Tensor;
        return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, 3), logits);
      });
      const after = model.getWeights().map((weight) => weight.dataSync());
      after.forEach((values, i) => expect(values, model.weights[i].name).not.toEqual(before[i]));
      tf.dispose([images, labels]);
      optimizer.dispose();
      model.dispose();
    });
  });

  it('start from weights that follow the seed alone, other ones in every layer', () => {
    const draws = (seed: number) => {
      const model = buildVariant('resnet-alternating-smoothing', { spec: mnist, seed });
      const weights = model.weights.map((weight) => {
        const values = weight.read().dataSync<'float32'>();
        const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        return { name: weight.originalName, values: [...values.slice(0, 8)], largest };
      });
      model.dispose();
      return weights;
    };
    const [first, again, other] = [draws(1), draws(1), draws(2)];
    expect(again).toEqual(first);
    first.forEach(({ name, values }, i) => expect(other[i].values, name).not.toEqual(values));
    // Two layers that shared a stream would begin with the same share of their bounds.
    const shares = first.map(({ values, largest }) => (values[0] / largest).toFixed(3));
    expect(new Set(shares).size).toBeGreaterThan(0.9 * shares.length);
  });

  it.each(['resnet-alternating-unsharp', 'densenet-smoothing'] as const)(
    '%s computes the same after being saved and loaded',
    async (id) => {
      await expectNoLeak(async () => {
        const model = buildVariant(id, { spec: specOf(10, 9, 3, 4), seed: 3 });
        const loaded = await saveAndLoad(model);
        tf.tidy(() => {
          const images = noise([3, 10, 9, 3]);
          const [before, after] = [model, loaded].map((each) => each.predict(images) as tf.Tensor);
          expect(after).toBeAllclose(before, 0);
        });
        expect(loaded.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
        model.dispose();
        loaded.dispose();
      });
    },
  );
});
