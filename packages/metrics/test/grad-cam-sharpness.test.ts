import * as tf from '@tensorflow/tfjs';
import { asClassifier, imageSet, pick, randomStream, type ImageSet } from '@weightmap/core';
import { describeEachEngine, expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import {
  commonFrame,
  frameOf,
  gradCam,
  gradCamSharpness,
  hoyerSparsity,
  mapGeometry,
  relativeEntropy,
  type ImageFrame,
} from '../src/index.js';
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

/**
 * A model on 28 × 28 pixels whose map is the image at its places: 3 × 3 windows that pass their middle on. The last layer
 * is "features" and has the stride; paddings are zeros before and after, or by name.
 */
function passesOn(paddings: readonly ('valid' | 'same' | number)[], stride: number): tf.LayersModel {
  const middle = tf.initializers.zeros();
  const layers = paddings.flatMap((padding, i) => {
    const isLast = i === paddings.length - 1;
    const conv = tf.layers.conv2d({
      ...{
        filters: 1,
        kernelSize: 3,
        padding: padding === 'same' ? 'same' : 'valid',
        kernelInitializer: middle,
      },
      strides: isLast ? stride : 1,
      activation: 'relu',
      name: isLast ? 'features' : `window${i}`,
      ...(i === 0 && typeof padding !== 'number' && { inputShape: [28, 28, 1] }),
    });
    const zeros = () =>
      tf.layers.zeroPadding2d({ padding: padding as number, ...(i === 0 && { inputShape: [28, 28, 1] }) });
    return typeof padding === 'number' ? [zeros(), conv] : [conv];
  });
  const head = [tf.layers.globalAveragePooling2d({}), tf.layers.dense({ name: 'logits', units: 3 })];
  const model = tf.sequential({ layers: [...layers, ...head] });
  tf.tidy(() => {
    for (const layer of model.layers)
      if (layer.getClassName() === 'Conv2D')
        layer.setWeights([tf.tensor4d([0, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3, 1, 1]), tf.zeros([1])]);
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
          name: 'features',
          inputShape: [6, 4, 2],
          filters: 4,
          kernelSize: 3,
          activation: 'tanh',
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
        layer: 'features',
        seed,
        batchSize: 4,
        background: 'dark',
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
          // The 4 × 2 places of a 3 × 3 'valid' convolution are the pixels of rows 1 … 4 and columns 1 and 2.
          if (row < 1 || row > 4 || column < 1 || column > 2) continue;
          const value = heatmaps[2 * (row - 1) + column - 1];
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
      n: 2,
      empty: 2,
      frame: { top: 0, left: 0, height: 4, width: 4 },
      hoyer: null,
      entropy: null,
      background: null,
    });
    expect((await measure(imagesOf(dot))).hoyer).toEqual({ mean: 1, sd: null, n: 1 });
  });

  it('scores the image itself as the map the same, whatever the grid of the maps', async () => {
    // A stroke of changing brightness, away from the rim that 'valid' windows don't reach.
    const spec = { height: 28, width: 28, channels: 1, classes };
    const pixels = Uint8Array.from({ length: 28 * 28 }, (_, i) => {
      const [y, x] = [Math.floor(i / 28), i % 28];
      return y > 4 && y < 23 && Math.abs(x - 8 - y / 2) < 3 ? 40 + 9 * y : 0;
    });
    const set = imageSet(spec, pixels, Uint8Array.of(0));
    const measured = async (network: tf.LayersModel, frame?: ImageFrame) => {
      const found = await gradCamSharpness(network, asClassifier(network), set, {
        layer: 'features',
        seed: 1,
        background: 'dark',
        frame,
      });
      return [found.hoyer!.mean, found.entropy!.mean, found.background!.mean];
    };
    for (const stride of [1, 2]) {
      // Three 'valid' windows lose three rows and columns on each side, three 'same' ones none. In the strided pair one
      // begins at pixel 0, the other at pixel 2.
      const [small, whole] =
        stride === 1
          ? [passesOn(['valid', 'valid', 'valid'], 1), passesOn(['same', 'same', 'same'], 1)]
          : [passesOn(['valid', 'valid'], 2), passesOn([1, 1], 2)];
      const frame = commonFrame([small, whole].map((one) => frameOf(mapGeometry(one, 'features'), spec)!))!;
      const [a, b] = [await measured(small, frame), await measured(whole, frame)];
      a.forEach((value, i) =>
        expect(Math.abs(value - b[i]), `figure ${i}, stride ${stride}`).toBeLessThan(1e-6),
      );
      if (stride === 1) expect(a[2], 'the image lies on none of its own background').toBe(0);
      // On all that each covers, the empty rim alone makes the larger one sparser.
      expect(Math.abs((await measured(small))[0] - (await measured(whole))[0])).toBeGreaterThan(0.01);
    }
  });

  it('counts nothing outside of the frame: what is 0 in it is empty, and a frame needs a place', async () => {
    const network = seesItself();
    const measure = (frame: ImageFrame) =>
      gradCamSharpness(network, asClassifier(network), imagesOf(dot, white), {
        layer: 'features',
        seed: 1,
        background: 'dark',
        frame,
      });
    // The dot is at row 1, column 1.
    expect(await measure({ top: 2, left: 0, height: 2, width: 3 })).toEqual({
      n: 2,
      empty: 1,
      frame: { top: 2, left: 0, height: 2, width: 3 },
      hoyer: { mean: 0, sd: null, n: 1 },
      entropy: { mean: 1, sd: null, n: 1 },
      background: { mean: 0, sd: null, n: 1 },
    });
    expect(await measure({ top: 1, left: 1, height: 1, width: 1 })).toMatchObject({
      empty: 0,
      hoyer: null,
      entropy: null,
    });
    await expect(measure({ top: 7, left: 0, height: 2, width: 2 })).rejects.toThrow(
      /No place .* in the frame/,
    );
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
