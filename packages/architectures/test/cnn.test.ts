import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { buildCnn, buildVariant, variants, type CnnOptions } from '../src/index.js';
import { noise, saveAndLoad, scramble, weightsOf } from './_models.js';
import * as reference from './_reference.js';
import { mnist, specOf } from './_specs.js';

useEngine();

/** The whole network in plain loops, with the weights of the model. */
function forward(
  model: tf.LayersModel,
  image: reference.Maps,
  { kind, channels, kernelSize, ...rest }: CnnOptions,
) {
  const weights = (layer: string) => weightsOf(model, layer);
  // Unsharp keeps the size; the others lose two rows and columns whatever the kernel.
  const border = kind === 'unsharp' ? (kernelSize - 1) / 2 : (kernelSize - 3) / 2;
  let x = rest.inputScale ? reference.scale(image, weights('input-scale')) : image;
  channels.forEach((_, i) => {
    const own = weights(`${kind}${i + 1}`);
    x =
      kind === 'conv'
        ? reference.convolution(x, own, kernelSize, border)
        : reference.weightMap(kind, x, own, kernelSize, border);
    if (rest.batchNorm) x = reference.batchNorm(x, weights(`batchnorm${i + 1}`));
    x = reference.relu(x);
  });
  const hidden = reference.dense(x.values, weights('fc1')).map((value) => Math.max(0, value));
  return { features: x, logits: reference.dense(hidden, weights('logits')) };
}

describe('the fan-in of the weight map layers', () => {
  const build = (options: Partial<CnnOptions>) =>
    buildCnn({
      spec: specOf(8, 7, 2, 3),
      options: { kind: 'smoothing', channels: [16, 2], kernelSize: 3, ...options },
      seed: 1,
    });

  it.each([
    [undefined, 2 * 9],
    ['window', 2 * 9],
    ['channels', 2],
    ['map', 2 * 8 * 7],
  ] as const)('%s bounds the initial weights by 1/√%d', (fanIn, products) => {
    const model = build(fanIn ? { fanIn } : {});
    const [largest] = model.getLayer('smoothing1').getWeights()[0].abs().max().dataSync();
    expect(largest * Math.sqrt(products)).toBeLessThanOrEqual(1);
    expect(largest * Math.sqrt(products)).toBeGreaterThan(0.98);
    model.dispose();
  });

  it('is refused for convolutions', () => {
    expect(() => build({ kind: 'conv', fanIn: 'map' })).toThrow('one reading of its fan-in');
  });
});

describe('buildCnn', () => {
  it.each<[string, CnnOptions, [number, number]]>([
    ['convolutions', { kind: 'conv', channels: [3, 2], kernelSize: 3 }, [4, 3]],
    ['convolutions of a wider kernel', { kind: 'conv', channels: [3, 2], kernelSize: 7 }, [4, 3]],
    ['batch normalisation', { kind: 'conv', channels: [3, 2], kernelSize: 3, batchNorm: true }, [4, 3]],
    ['input scale', { kind: 'conv', channels: [3, 2], kernelSize: 3, inputScale: true }, [4, 3]],
    ['smoothing', { kind: 'smoothing', channels: [3, 2], kernelSize: 3 }, [4, 3]],
    [
      'smoothing of a wider kernel',
      { kind: 'smoothing', channels: [3, 2], kernelSize: 7, batchNorm: true },
      [4, 3],
    ],
    ['unsharp', { kind: 'unsharp', channels: [3, 2], kernelSize: 3, batchNorm: true }, [8, 7]],
  ])('computes the same as plain loops: %s', (_, options, size) => {
    const model = buildCnn({ spec: specOf(8, 7, 2, 3), options, seed: 5 });
    for (const change of [() => {}, scramble]) {
      change(model);
      const images = noise([1, 8, 7, 2]);
      const actual = model.predict(images) as tf.Tensor;
      const { features, logits } = forward(
        model,
        { size: [8, 7, 2], values: [...images.dataSync()] },
        options,
      );
      expect(features.size).toEqual([...size, 2]);
      expect(actual).toBeAllclose(logits, 1e-4);
      tf.dispose([images, actual]);
    }
    model.dispose();
  });

  it('ends in unnormalised logits', () => {
    const model = buildVariant('cnn-33', { spec: mnist, seed: 1 });
    const images = noise([4, 28, 28, 1]);
    const logits = model.predict(images) as tf.Tensor2D;
    expect(model.getLayer('logits').getConfig().activation).toBe('linear');
    for (const row of logits.arraySync())
      expect(Math.abs(row.reduce((a, b) => a + b, 0) - 1)).toBeGreaterThan(1e-3);
    tf.dispose([images, logits]);
    model.dispose();
  });

  const cnns = variants.filter((variant) => variant.architecture === 'cnn');
  it.each(cnns.map(({ id, options, gradCamLayer }) => ({ id, options, gradCamLayer })))(
    'shows Grad-CAM the last feature maps of $id, after their ReLU',
    ({ id, options, gradCamLayer }) => {
      const model = buildVariant(id, { spec: specOf(9, 8, 1, 2), seed: 1 });
      const layer = model.getLayer(gradCamLayer);
      expect(layer.getConfig().activation).toBe('relu');
      expect(layer.outboundNodes.map(({ outboundLayer }) => outboundLayer.name)).toEqual(['flatten']);
      expect(layer.outputShape).toEqual(options.kind === 'unsharp' ? [null, 9, 8, 8] : [null, 3, 2, 8]);
      model.dispose();
    },
  );

  it.each([
    ['iWildCam', specOf(23, 32, 1, 10)],
    ['CIFAR-10', specOf(32, 32, 3, 10)],
    ['five classes', specOf(16, 16, 1, 5)],
    ['the smallest image', specOf(7, 7, 1, 2)],
  ])('takes other images: %s', (_, spec) => {
    for (const kind of ['conv', 'smoothing', 'unsharp'] as const) {
      const model = buildCnn({ spec, options: { kind, channels: [4, 4, 2], kernelSize: 3 }, seed: 1 });
      const images = noise([2, spec.height, spec.width, spec.channels]);
      const logits = model.predict(images) as tf.Tensor;
      expect(logits.shape).toEqual([2, spec.classes.length]);
      tf.dispose([images, logits]);
      model.dispose();
    }
  });

  it('lets the gradient reach every trainable weight', async () => {
    for (const id of [
      'cnn-33-batchnorm',
      'cnn-33-k9',
      'cnn-33-input-scale',
      'cnn-smooth-32',
      'cnn-unsharp-32',
    ] as const) {
      const model = buildVariant(id, { spec: specOf(9, 9, 1, 3), seed: 2 });
      await expectNoLeak(() => {
        const images = noise([4, 9, 9, 1]);
        const { value, grads } = tf.variableGrads(
          () => (model.apply(images, { training: true }) as tf.Tensor).square().sum().asScalar(),
          // The variable behind a weight is not public, but it is what an optimizer is given.
          model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val),
        );
        for (const [name, grad] of Object.entries(grads))
          expect(
            grad.dataSync().some((g) => g !== 0),
            `${id}: ${name}`,
          ).toBe(true);
        expect(Object.keys(grads)).toHaveLength(model.trainableWeights.length);
        tf.dispose([images, value, grads]);
      });
      model.dispose();
    }
  });

  it('survives saving and loading', async () => {
    const model = buildVariant('cnn-smooth-32-batchnorm', { spec: specOf(10, 9, 1, 4), seed: 3 });
    scramble(model);
    const loaded = await saveAndLoad(model);
    const images = noise([3, 10, 9, 1]);
    const [before, after] = [model, loaded].map((each) => each.predict(images) as tf.Tensor);
    expect(after).toBeAllclose(before, 0);
    expect(loaded.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    tf.dispose([images, before, after]);
    model.dispose();
    loaded.dispose();
  });

  const options: CnnOptions = { kind: 'smoothing', channels: [4, 4, 2], kernelSize: 3 };
  it.each<[string, Parameters<typeof buildCnn>[0], RegExp]>([
    [
      'images that are too small',
      { spec: specOf(28, 6, 1, 10), options, seed: 1 },
      /28×6 pixels[^]*at least 7×7/,
    ],
    [
      'images without a size',
      { spec: specOf(28, Number.NaN, 1, 10), options, seed: 1 },
      /width of the images is NaN/,
    ],
    ['one class', { spec: specOf(28, 28, 1, 1), options, seed: 1 }, /number of classes is 1/],
    [
      'an even kernel',
      { spec: mnist, options: { ...options, kernelSize: 4 }, seed: 1 },
      /kernel size is 4[^]*odd/,
    ],
    [
      'no layers',
      { spec: mnist, options: { ...options, channels: [] }, seed: 1 },
      /number of feature layers is 0/,
    ],
    ['no channels', { spec: mnist, options: { ...options, channels: [4, 0] }, seed: 1 }, /layer 2 is 0/],
    [
      'another kind',
      { spec: mnist, options: { ...options, kind: 'sharp' as 'conv' }, seed: 1 },
      /“sharp”[^]*unsharp/,
    ],
    ['a seed that is no number', { spec: mnist, options, seed: Number.NaN }, /seed is NaN/],
  ])('explains %s and leaves nothing behind', async (_, request, explanation) => {
    await expectNoLeak(() => {
      let thrown: unknown;
      try {
        buildCnn(request);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(WeightmapError);
      expect((thrown as WeightmapError).explain()).toMatch(explanation);
    });
  });
});
