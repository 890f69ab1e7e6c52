import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { buildResnet, buildVariant, type ResnetOptions } from '../src/index.js';
import { featureLayers, mixtures } from './_feature-layer.js';
import { noise, scramble, weightsOf } from './_models.js';
import * as reference from './_reference.js';
import { mnist, specOf } from './_specs.js';

useEngine();

/** The whole network in plain loops, with the weights of the model. */
function forward(model: tf.LayersModel, image: reference.Maps, { kinds, stages }: ResnetOptions) {
  const layer = featureLayers(model, kinds);
  let x = image;
  let block = 0;
  stages.forEach(({ channels, blocks }, stage) => {
    for (let i = 0; i < blocks; i++) {
      block++;
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const residual = layer(reference.relu(layer(x, stride)));
      const shortcut =
        stride === 1 && x.size[2] === channels
          ? x
          : reference.convolution(x, weightsOf(model, `projection${block}`), 1, 0, stride);
      x = reference.relu(reference.add(residual, shortcut));
    }
  });
  const logits = reference.dense(reference.globalAverage(x), weightsOf(model, 'logits'));
  return { features: x, logits };
}

describe('buildResnet', () => {
  const stages = [
    { channels: 3, blocks: 2 },
    { channels: 4, blocks: 1 },
    { channels: 4, blocks: 2 },
  ];
  const sizes: [number, number][] = [
    [8, 6], // even twice, then odd
    [7, 9],
    [5, 4],
    [1, 1],
  ];
  it.each(mixtures.flatMap(([name, kinds]) => sizes.map((size) => ({ name, kinds, size }))))(
    'computes the same as plain loops: $name, $size',
    ({ kinds, size: [height, width] }) => {
      const options = { kinds, stages };
      const model = buildResnet({ spec: specOf(height, width, 2, 3), options, seed: 5 });
      for (const change of [() => {}, () => scramble(model, [-0.5, 0.5])]) {
        change();
        const images = noise([1, height, width, 2]);
        const actual = model.predict(images) as tf.Tensor;
        const image: reference.Maps = { size: [height, width, 2], values: [...images.dataSync()] };
        const { features, logits } = forward(model, image, options);
        expect(features.size).toEqual([Math.ceil(height / 4), Math.ceil(width / 4), 4]);
        expect(model.getLayer('relu5').outputShape).toEqual([null, ...features.size]);
        expect(actual).toBeAllclose(logits, 1e-4);
        tf.dispose([images, actual]);
      }
      model.dispose();
    },
  );

  it('is the network of table 2', () => {
    const model = buildVariant('resnet-alternating-unsharp', { spec: mnist, seed: 1 });
    const shapeOf = (layer: string) => (model.getLayer(layer).outputShape as tf.Shape).slice(1);
    const blocks = Array.from({ length: 17 }, (_, i) => shapeOf(`relu${i + 1}`));
    expect(blocks).toEqual([
      ...Array.from({ length: 3 }, () => [28, 28, 8]),
      ...Array.from({ length: 4 }, () => [14, 14, 16]),
      ...Array.from({ length: 6 }, () => [7, 7, 32]),
      ...Array.from({ length: 4 }, () => [4, 4, 64]),
    ]);
    expect(shapeOf('global-average')).toEqual([64]);
    const names = model.layers.map(({ name }) => name);
    expect(names.filter((name) => /^projection\d+$/.test(name))).toEqual(
      [1, 4, 8, 14].map((block) => `projection${block}`),
    );
    const layers = names.filter((name) => /^(conv|smoothing|unsharp)\d+$/.test(name));
    expect(layers).toHaveLength(34);
    for (let i = 1; i <= 34; i++) expect(layers).toContain(`${i % 2 ? 'conv' : 'unsharp'}${i}`);
    model.dispose();
  });

  const options: ResnetOptions = { kinds: ['conv'], stages };
  it.each<[string, Partial<Parameters<typeof buildResnet>[0]>, RegExp]>([
    ['images without a size', { spec: specOf(0, 28, 1, 10) }, /height of the images is 0/],
    ['one class', { spec: specOf(28, 28, 1, 1) }, /number of classes is 1/],
    ['no kinds', { options: { kinds: [], stages } }, /number of kinds of feature layers is 0/],
    [
      'another kind',
      { options: { kinds: ['conv', 'sharp' as 'conv'], stages } },
      /“sharp”[^]*conv, smoothing, unsharp/,
    ],
    ['no stages', { options: { kinds: ['conv'], stages: [] } }, /number of stages is 0/],
    [
      'no channels',
      { options: { kinds: ['conv'], stages: [stages[0], { channels: 0, blocks: 1 }] } },
      /channels of stage 2 is 0/,
    ],
    [
      'half a block',
      { options: { kinds: ['conv'], stages: [{ channels: 4, blocks: 0.5 }] } },
      /blocks of stage 1 is 0.5/,
    ],
    ['a seed that is no number', { seed: Number.NaN }, /seed is NaN/],
  ])('explains %s and leaves nothing behind', async (_, wrong, explanation) => {
    await expectNoLeak(() => {
      let thrown: unknown;
      try {
        buildResnet({ spec: mnist, options, seed: 1, ...wrong });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(WeightmapError);
      expect((thrown as WeightmapError).explain()).toMatch(explanation);
    });
  });
});
