import * as tf from '@tensorflow/tfjs';
import { pgd } from '@weightmap/attacks';
import { asClassifier, randomStream, tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { createDefense, DenoisingAutoencoder, fortifiedNetwork } from '../src/index.js';
import { builtFor, tinyChain, tinyData, tinyImages, tinySpec } from './_tiny.js';

useEngine('cpu');

const numbers = (x: tf.Tensor) => [...x.dataSync()];
const leaky = (x: number) => Math.max(x, 0.2 * x);

describe('a denoising autoencoder', () => {
  it('encodes and decodes by the same weights, in plain loops', () => {
    tf.tidy(() => {
      const layer = new DenoisingAutoencoder({ units: 3, seed: 1 });
      const h = tf.randomNormal([4, 5], 0, 1, 'float32', 1);
      layer.apply(h);
      layer.setWeights(
        layer.getWeights().map(({ shape }, i) => tf.randomNormal(shape, 0, 1, 'float32', 2 + i)),
      );
      const [w, b, c] = layer.getWeights().map((weight) => weight.arraySync()) as unknown as [
        number[][],
        number[],
        number[],
      ];
      const expected = (h.arraySync() as number[][]).flatMap((row) => {
        const hidden = b.map((bias, j) => leaky(row.reduce((sum, v, i) => sum + v * w[i][j], bias)));
        return c.map((bias, i) => leaky(hidden.reduce((sum, v, j) => sum + v * w[i][j], bias)));
      });
      expect(numbers(layer.apply(h) as tf.Tensor)).toBeAllclose(expected, 1e-4);
    });
  });
});

describe('a fortified network', () => {
  const options = fortifiedNetwork.parse({ units: 4, epsilon: 0.1, weight: 2, noise: 0.3 });
  const built = () => builtFor(createDefense('fortified-network', options), tinyChain).model;

  it('reconstructs the features of clean images, from those of clean and of FGSM’s images with noise', () => {
    const model = built();
    const objective = fortifiedNetwork.objective!({
      ...{ options, spec: tinySpec, seed: 1, teachers: [], model },
    })!;
    const [body, last] = [model.layers.slice(1, -2), model.layers.at(-1)!];
    const denoising = model.getLayer('denoising');
    tf.tidy(() => {
      const { images, labels } = tensorsOf(tinyImages(4, 9));
      const frozen = asClassifier(model);
      const net = { frozen, crossEntropy, logits: (x: tf.Tensor4D) => frozen.logits(x) };
      const step = { shape: [4, 8, 8, 1], epoch: 1, step: 0, steps: 1 } as const;
      const noise = objective.draws!.noise(step, randomStream(1, 'noise')) as tf.Tensor3D;
      const made = objective.prepare!(net, { images, labels }, { noise, radius: tf.scalar(0.1) });
      const g = tf.grad((x) => crossEntropy(frozen.logits(x as tf.Tensor4D), labels))(images);
      const moved = images.add(g.sign().mul(0.1)).clipByValue(0, 1);
      expect(numbers(made.moved)).toBeAllclose(numbers(moved), 1e-6);
      const features = (x: tf.Tensor) => body.reduce((values, layer) => layer.apply(values) as tf.Tensor, x);
      const h = features(images);
      expect(noise.shape).toEqual([2, 4, h.shape[1]]);
      const truth = tf
        .oneHot(labels, 3)
        .mul(0.9)
        .add(0.1 / 3);
      const terms = [h, features(moved)].map((from, i) => {
        const restored = denoising.apply(from.add(noise.slice(i, 1).squeeze([0]).mul(0.3))) as tf.Tensor;
        const z = last.apply(restored) as tf.Tensor2D;
        const loss = z.logSoftmax().mul(truth).sum(1).mean().neg();
        return loss.div(2).add(restored.sub(h).square().mean().mul(2));
      });
      const expected = terms[0].add(terms[1]).dataSync()[0];
      expect(objective.loss(net, { images, labels }, { noise, ...made }).dataSync()[0]).toBeCloseTo(
        expected,
        5,
      );
    });
    model.dispose();
  });

  it('has noise when it is used, of which attacks average eight other draws; or none', async () => {
    const model = built();
    const network = asClassifier(model);
    const wrapped = async (noisyTest: boolean) =>
      (await fortifiedNetwork.wrap!(network, { data: tinyData, options: { ...options, noisyTest }, model }))
        .classifier;
    const [noisy, quiet] = [await wrapped(true), await wrapped(false)];
    const { images, labels } = tensorsOf(tinyImages(4, 9));
    const logitsOf = (made: Pick<typeof network, 'logits'>) =>
      tf.tidy(() => numbers(made.logits(images)).join());
    expect(logitsOf(quiet)).toBe(logitsOf(network));
    expect(quiet.draws).toBeUndefined();
    expect(noisy.draws).toHaveLength(8);
    expect(new Set([network, noisy, ...noisy.draws!].map(logitsOf)).size).toBe(10);
    const [{ adversarial }] = pgd({ steps: 2 }).run(noisy, images, labels, {
      ...{ strengths: [0.1], random: randomStream(1, 'pgd') },
    });
    tf.dispose([adversarial, images, labels]);
    model.dispose();
  });
});
