import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { buildDensenet, buildVariant, type DensenetOptions } from '../src/index.js';
import { featureLayers, mixtures } from './_feature-layer.js';
import { noise, scramble, weightsOf } from './_models.js';
import * as reference from './_reference.js';
import { iwildcam, mnist, specOf } from './_specs.js';

useEngine();

/** The whole network in plain loops, with the weights of the model. */
function forward(model: tf.LayersModel, image: reference.Maps, { kinds, denseLayers }: DensenetOptions) {
  const layer = featureLayers(model, kinds);
  let x = reference.relu(layer(image));
  denseLayers.forEach((count, i) => {
    if (i > 0) x = reference.maxPool(x);
    for (let j = 0; j < count; j++) x = reference.concatenate(x, reference.relu(layer(x)));
  });
  const logits = reference.dense(reference.globalAverage(x), weightsOf(model, 'logits'));
  return { features: x, logits };
}

describe('buildDensenet', () => {
  const small = { stem: 3, growth: 2, denseLayers: [1, 2, 2] };
  const sizes: [number, number][] = [
    [8, 6],
    [7, 9],
    [4, 5],
  ];
  it.each(mixtures.flatMap(([name, kinds]) => sizes.map((size) => ({ name, kinds, size }))))(
    'computes the same as plain loops: $name, $size',
    ({ kinds, size: [height, width] }) => {
      const options = { ...small, kinds };
      const model = buildDensenet({ spec: specOf(height, width, 2, 3), options, seed: 5 });
      for (const change of [() => {}, () => scramble(model, [-0.5, 0.5])]) {
        change();
        const images = noise([1, height, width, 2]);
        const actual = model.predict(images) as tf.Tensor;
        const image: reference.Maps = { size: [height, width, 2], values: [...images.dataSync()] };
        const { features, logits } = forward(model, image, options);
        expect(features.size).toEqual([Math.floor(height / 4), Math.floor(width / 4), 3 + 2 * 5]);
        expect(model.getLayer('concat6').outputShape).toEqual([null, ...features.size]);
        expect(actual).toBeAllclose(logits, 1e-4);
        tf.dispose([images, actual]);
      }
      model.dispose();
    },
  );

  it.each([
    [
      'MNIST',
      mnist,
      [
        [14, 14],
        [7, 7],
        [3, 3],
      ],
    ],
    [
      'iWildCam',
      iwildcam,
      [
        [11, 16],
        [5, 8],
        [2, 4],
      ],
    ],
  ] as const)('is the network of table 3: %s', (_, spec, halves) => {
    const model = buildVariant('densenet-alternating-smoothing', { spec, seed: 1 });
    const shapeOf = (layer: string) => (model.getLayer(layer).outputShape as tf.Shape).slice(1);
    expect(shapeOf('conv1')).toEqual([spec.height, spec.width, 16]);
    expect([1, 2, 3].map((i) => shapeOf(`pool${i}`))).toEqual([
      [...halves[0], 32],
      [...halves[1], 64],
      [...halves[2], 128],
    ]);
    expect(shapeOf('concat31')).toEqual([...halves[2], 256]);
    expect(shapeOf('global-average')).toEqual([256]);
    const names = model.layers.map(({ name }) => name);
    const layers = names.filter((name) => /^(conv|smoothing|unsharp)\d+$/.test(name));
    expect(layers).toEqual(Array.from({ length: 31 }, (_, i) => `${i % 2 ? 'smoothing' : 'conv'}${i + 1}`));
    model.dispose();
  });

  const options: DensenetOptions = { kinds: ['conv'], stem: 16, growth: 8, denseLayers: [2, 4, 8, 16] };
  it.each<[string, Partial<Parameters<typeof buildDensenet>[0]>, RegExp]>([
    [
      'images that are too small',
      { spec: specOf(28, 7, 1, 10) },
      /28×7 pixels[^]*at least 8×8[^]*3 poolings/,
    ],
    ['images without a size', { spec: specOf(28, -1, 1, 10) }, /width of the images is -1/],
    ['no kinds', { options: { ...options, kinds: [] } }, /number of kinds of feature layers is 0/],
    ['another kind', { options: { ...options, kinds: ['dense' as 'conv'] } }, /“dense”[^]*smoothing/],
    ['no first layer', { options: { ...options, stem: 0 } }, /channels of the first layer is 0/],
    ['no growth', { options: { ...options, growth: 0 } }, /growth rate is 0/],
    ['no dense layers', { options: { ...options, denseLayers: [] } }, /groups of dense layers is 0/],
    ['an empty group', { options: { ...options, denseLayers: [2, 0] } }, /layers in group 2 is 0/],
    ['a seed that is no number', { seed: 0.5 }, /seed is 0.5/],
  ])('explains %s and leaves nothing behind', async (_, wrong, explanation) => {
    await expectNoLeak(() => {
      let thrown: unknown;
      try {
        buildDensenet({ spec: mnist, options, seed: 1, ...wrong });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(WeightmapError);
      expect((thrown as WeightmapError).explain()).toMatch(explanation);
    });
  });
});
