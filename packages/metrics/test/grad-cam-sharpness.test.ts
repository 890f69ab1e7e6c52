import * as tf from '@tensorflow/tfjs';
import { asClassifier, imageSet, pick, randomStream, type ImageSet } from '@weightmap/core';
import { describeEachEngine, expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { gradCam, gradCamSharpness, hoyerSparsity, relativeEntropy } from '../src/index.js';
import { countingCompiler, fixedInitializer, randomSet, shifted } from './_fixtures.js';

const classes = ['a', 'b', 'c'];

/** A 1×1 convolution of weight 1 and bias 0 on a channel, then the sum over places, as the first class's logit: the map is the image. */
function seesItself(): tf.LayersModel {
  const layers = [
    tf.layers.conv2d({
      name: 'features',
      inputShape: [4, 4, 1],
      filters: 1,
      kernelSize: 1,
      activation: 'relu',
    }),
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dense({ name: 'logits', units: 3 }),
  ];
  const model = tf.sequential({ layers });
  tf.tidy(() => {
    model.getLayer('features').setWeights([tf.ones([1, 1, 1, 1]), tf.zeros([1])]);
    model.getLayer('logits').setWeights([tf.tensor2d([[1, 0, 0]]), tf.tensor1d([1, 0, 0])]);
  });
  return model;
}

const imagesOf = (...images: number[][]): ImageSet =>
  imageSet(
    { height: 4, width: 4, channels: 1, classes },
    Uint8Array.from(images.flat()),
    new Uint8Array(images.length),
  );

const dot = Array.from({ length: 16 }, (_, i) => (i === 5 ? 255 : 0));
const half = Array.from({ length: 16 }, (_, i) => (i < 8 ? 200 : 100));
const white = new Array<number>(16).fill(255);
const black = new Array<number>(16).fill(0);

await describeEachEngine('gradCamSharpness', () => {
  it('equals what is known of maps that are the images', async () => {
    const model = seesItself();
    const set = imagesOf(dot, white, half, black);
    const options = { layer: 'features', seed: 1, background: 'dark' } as const;
    const hoyerOfHalf = (4 - 12 / Math.sqrt(10)) / 3; // values 1 and ½: ‖a‖₁ = 12, ‖a‖₂² = 10
    const hoyers = [1, 0, hoyerOfHalf];
    const entropyOfHalf = -(8 * (1 / 12) * Math.log(1 / 12) + 8 * (1 / 24) * Math.log(1 / 24)) / Math.log(16);
    const entropies = [0, 1, entropyOfHalf];
    for (const batchSize of [1, 3, 64]) {
      const result = await expectNoLeak(() =>
        gradCamSharpness(model, asClassifier(model), set, { ...options, batchSize }),
      );
      expect([result.n, result.empty]).toEqual([4, 1]);
      for (const [summary, values] of [
        [result.hoyer, hoyers],
        [result.entropy, entropies],
      ] as const) {
        const mean = values.reduce((sum, value) => sum + value) / 3;
        const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2);
        expect(summary!.n).toBe(3);
        expect(summary!.mean).toBeCloseTo(mean, 5);
        expect(summary!.sd).toBeCloseTo(sd, 5);
      }
      // The dot lies on no background, an image without contrast has none, and the darker half is background.
      const third = 4 / 12;
      expect(result.background!.mean).toBeCloseTo(third / 3, 5);
    }
  });
});

describe('gradCamSharpness', () => {
  useEngine();

  const random = randomSet([0, 1, 2, 0, 1, 2, 0], [6, 4, 2]);
  const model = () =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({
          ...{ name: 'features', inputShape: [6, 4, 2], filters: 4, kernelSize: 3, activation: 'tanh' },
          kernelInitializer: fixedInitializer(1),
        }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3, kernelInitializer: fixedInitializer(2) }),
      ],
    });

  it('is the mean over Grad-CAM’s maps of perturbed images, on the background of the clean ones', async () => {
    const network = model();
    const classifier = asClassifier(network);
    const attack = shifted();
    const seed = 3;
    const got = await expectNoLeak(() =>
      gradCamSharpness(network, classifier, random, {
        ...{ layer: 'features', seed, batchSize: 4, background: 'dark' },
        perturbation: { attack, strength: 0.5 },
      }),
    );
    const [hoyers, entropies, shares]: number[][] = [[], [], []];
    for (let i = 0; i < 7; i++) {
      const u = randomStream(seed, attack.id, i < 4 ? 0 : 4).uniform();
      const clean = Array.from(random.pixels.subarray(48 * i, 48 * i + 48));
      const x = tf.tensor4d(
        clean.map((pixel) => (0.5 * pixel) / 255 + 0.5 * u),
        [1, 6, 4, 2],
      );
      const { heatmaps } = gradCam(network, x, { layer: 'features' });
      hoyers.push(hoyerSparsity(heatmaps)!);
      entropies.push(relativeEntropy(heatmaps)!);
      const [low, high] = [Math.min(...clean), Math.max(...clean)];
      let [behind, all] = [0, 0];
      for (let row = 0; row < 6; row++)
        for (let column = 0; column < 4; column++) {
          const value =
            heatmaps[2 * Math.floor(((row + 0.5) * 4) / 6) + Math.floor(((column + 0.5) * 2) / 4)];
          const pixels = clean.slice(2 * (4 * row + column), 2 * (4 * row + column) + 2);
          if (pixels.every((pixel) => pixel <= low + 0.1 * (high - low))) behind += value;
          all += value;
        }
      shares.push(behind / all);
    }
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
    expect(mean(shares)).toBeGreaterThan(0);
    expect(got).toMatchObject({ n: 7, empty: 0 });
    expect(got.hoyer!.mean).toBeCloseTo(mean(hoyers), 5);
    expect(got.entropy!.mean).toBeCloseTo(mean(entropies), 5);
    expect(got.background!.mean).toBeCloseTo(mean(shares), 5);
  });

  it('knows no background unless told', async () => {
    const network = model();
    const { background } = await gradCamSharpness(network, asClassifier(network), random, {
      layer: 'features',
      seed: 1,
    });
    expect(background).toBeNull();
  });

  it('says nothing of maps that are all empty, and gives one image no deviation', async () => {
    const network = seesItself();
    const options = { layer: 'features', seed: 1, background: 'dark' } as const;
    const measure = (set: ImageSet) => gradCamSharpness(network, asClassifier(network), set, options);
    expect(await measure(imagesOf(black, black))).toEqual({
      ...{ n: 2, empty: 2, hoyer: null, entropy: null, background: null },
    });
    expect((await measure(imagesOf(dot))).hoyer).toEqual({ mean: 1, sd: null, n: 1 });
  });

  it('is one compiled call a batch', async () => {
    const network = model();
    const { classifier, counts } = countingCompiler(asClassifier(network));
    const options = { layer: 'features', seed: 1, batchSize: 3 };
    const got = await gradCamSharpness(network, classifier, random, options);
    expect(counts).toEqual({ made: 1, called: 3 });
    expect(got).toEqual(await gradCamSharpness(network, asClassifier(network), random, options));
  });

  it('reports progress, and needs images and a layer', async () => {
    const network = model();
    const events: unknown[] = [];
    const options = { layer: 'features', seed: 1, batchSize: 4 };
    const classifier = asClassifier(network);
    await gradCamSharpness(network, classifier, random, {
      ...options,
      onProgress: (event) => events.push(event),
    });
    expect(events).toEqual([
      { stage: 'Grad-CAM', done: 4, total: 7 },
      { stage: 'Grad-CAM', done: 7, total: 7 },
    ]);
    await expect(gradCamSharpness(network, classifier, pick(random, []), options)).rejects.toThrow(
      /no images/,
    );
    await expect(
      gradCamSharpness(network, classifier, random, { ...options, layer: 'feature' }),
    ).rejects.toThrow(/no layer named "feature"/);
  });
});
