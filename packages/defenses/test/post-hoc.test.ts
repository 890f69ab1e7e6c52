import * as tf from '@tensorflow/tfjs';
import { asClassifier, tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { deepCloak } from '../src/index.js';
import { tinyData, tinyModel } from './_tiny.js';

useEngine('cpu');

describe('DeepCloak', () => {
  const wrapped = async (given: object) => {
    const model = tinyModel(4);
    const network = asClassifier(model);
    const options = deepCloak.parse(given);
    const { classifier } = await deepCloak.wrap!(network, { data: tinyData, options, model });
    return { model, network, classifier };
  };

  it('zeroes the features that FGSM changes most', async () => {
    const { model, network, classifier } = await wrapped({ share: 0.3, epsilon: 0.1, images: 12 });
    tf.tidy(() => {
      const { images, labels } = tensorsOf(tinyData.train);
      const flat = tf.model({
        inputs: model.inputs,
        outputs: model.layers.at(-1)!.input,
      });
      const h = (x: tf.Tensor) => flat.apply(x) as tf.Tensor2D;
      const x = images.slice(0, 12);
      const g = tf.grad((at) => crossEntropy(network.logits(at as tf.Tensor4D), labels.slice(0, 12)))(x);
      const moved = x.add(g.sign().mul(0.1)).clipByValue(0, 1);
      const sums = [...h(moved).sub(h(x)).abs().sum(0).dataSync()];
      expect(sums.length).toBe(18);
      const largest = [...sums.keys()].sort((a, b) => sums[b] - sums[a]).slice(0, 6); // ⌈0.3 · 18⌉
      const [kernel, bias] = model.layers.at(-1)!.getWeights();
      const kept = tf.tensor1d(sums.map((_, i) => Number(!largest.includes(i))));
      const expected = h(images).mul(kept).matMul(kernel).add(bias);
      expect([...classifier.logits(images).dataSync()]).toBeAllclose([...expected.dataSync()], 1e-5);
    });
    model.dispose();
  });

  it('is the network itself without a share', async () => {
    const { model, network, classifier } = await wrapped({ share: 0 });
    tf.tidy(() => {
      const { images } = tensorsOf(tinyData.train);
      expect([...classifier.logits(images).dataSync()]).toEqual([...network.logits(images).dataSync()]);
    });
    model.dispose();
  });

  it('needs features', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 3, kernelSize: 3 }),
        tf.layers.globalAveragePooling2d({}),
      ],
    });
    const request = { data: tinyData, options: deepCloak.defaults, model };
    await expect(deepCloak.wrap!(asClassifier(model), request)).rejects.toThrow(/no features to work on/);
    model.dispose();
  });
});
