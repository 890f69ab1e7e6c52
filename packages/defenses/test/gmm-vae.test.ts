import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { createDefense, GaussianClasses, gmmVae } from '../src/index.js';
import { builtFor, tinyChain, tinyData, tinyImages, tinySpec } from './_tiny.js';

useEngine('cpu');

const numbers = (x: tf.Tensor) => [...x.dataSync()];
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const options = gmmVae.parse({ latent: 4, distance: 2, units: 5, reconstruction: 0.5 });
const built = () => builtFor(createDefense('gmm-vae', options), tinyChain).model;

describe('Gaussian classes', () => {
  it('are the logits of equally likely Gaussians, in plain loops', () => {
    tf.tidy(() => {
      const config = { classes: 3, latent: 4, distance: 2, units: 5, pixels: 6, seed: 1 };
      const values = tf.randomNormal([2, 8], 0, 1, 'float32', 1);
      const layer = new GaussianClasses(config);
      const expected = (values.arraySync() as number[][]).flatMap((row) =>
        [0, 1, 2].map((c) => -sum(row.slice(0, 4).map((v, i) => (v - (i === c ? 2 : 0)) ** 2)) / 2),
      );
      expect(numbers(layer.apply(values) as tf.Tensor)).toBeAllclose(expected, 1e-5);
    });
  });
});

describe('GMM-VAE', () => {
  it('trains on the evidence of images and labels: reconstruction and divergence, in plain loops', () => {
    const model = built();
    const objective = gmmVae.objective!({ ...{ options, spec: tinySpec, seed: 1, teachers: [], model } })!;
    const head = model.getLayer('classes') as GaussianClasses;
    tf.tidy(() => {
      const { images, labels } = tensorsOf(tinyImages(3, 9));
      const frozen = asClassifier(model);
      const net = { frozen, crossEntropy, logits: (x: tf.Tensor4D) => frozen.logits(x) };
      const step = { shape: [3, 8, 8, 1], epoch: 1, step: 0, steps: 1 } as const;
      const noise = objective.draws!.noise(step, randomStream(1, 'noise')) as tf.Tensor2D;
      const encoder = tf.model({ inputs: model.inputs, outputs: head.input });
      const codes = (encoder.apply(images) as tf.Tensor2D).arraySync();
      const epsilon = noise.arraySync();
      const z = codes.map((row, b) =>
        [0, 1, 2, 3].map((i) => row[i] + Math.exp(row[4 + i] / 2) * epsilon[b][i]),
      );
      const made = head.decode(tf.tensor2d(z)).arraySync();
      const x = images.reshape<tf.Tensor2D>([3, 64]).arraySync();
      const each = [...labels.dataSync()].map((label, b) => {
        const pixels = made[b].map((value, i) => {
          const p = 1 / (1 + Math.exp(-value));
          return -x[b][i] * Math.log(p) - (1 - x[b][i]) * Math.log(1 - p);
        });
        const apart = [0, 1, 2, 3].map((i) => {
          const [mean, log] = [codes[b][i] - (i === label ? 2 : 0), codes[b][4 + i]];
          return (mean ** 2 + Math.exp(log) - log - 1) / 2;
        });
        return 0.5 * sum(pixels) + sum(apart);
      });
      const [found] = numbers(objective.loss(net, { images, labels }, { noise }));
      expect(found / (sum(each) / 3)).toBeCloseTo(1, 4);
    });
    model.dispose();
  });

  it('abstains where a code is far from all means, or the image from its reconstruction', async () => {
    const model = built();
    const network = asClassifier(model);
    const request = { data: tinyData, options: { ...options, falsePositives: 0.4 }, model };
    const { classifier, rejection } = await gmmVae.wrap!(network, request);
    const head = model.getLayer('classes') as GaussianClasses;
    const encoder = tf.model({ inputs: model.inputs, outputs: head.input });
    tf.tidy(() => {
      const { images } = tensorsOf(tinyData.validation);
      const codes = (encoder.apply(images) as tf.Tensor2D).arraySync().map((row) => row.slice(0, 4));
      const far = codes.map((code) =>
        Math.min(...[0, 1, 2].map((c) => Math.hypot(...code.map((v, i) => v - (i === c ? 2 : 0))))),
      );
      const made = head.decode(tf.tensor2d(codes)).sigmoid().arraySync();
      const x = images.reshape<tf.Tensor2D>([9, 64]).arraySync();
      const unlike = made.map((row, b) => Math.hypot(...row.map((v, i) => v - x[b][i])));
      // Each threshold rejects ⌊0.2 · 9⌋ images.
      const [τ, σ] = [far, unlike].map((values) => [...values].sort((a, b) => a - b)[7]);
      const expected = far.map((value, b) => Math.max(value / τ, unlike[b] / σ));
      expect(numbers(rejection!.suspicion(images))).toBeAllclose(expected, 1e-4);
      const gradient = tf.grad((at) => rejection!.suspicion(at as tf.Tensor4D).sum())(images);
      expect(numbers(gradient).every(Number.isFinite)).toBe(true);
      expect(classifier.answers).toBe(3);
    });
    model.dispose();
  });

  it('needs an axis for each class', () => {
    const request = { spec: tinySpec, options: { ...options, latent: 2 }, seed: 1 };
    expect(() => gmmVae.build!(() => tinyChain(), request)).toThrow(/codes of length 2 for 3 classes/);
  });
});
