import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, type Attack, type ImageSet } from '@weightmap/core';
import { describeEachEngine, expectNoLeak, useEngine } from '@weightmap/test-utils';
import { smoothingWeightMap, unsharpWeightMap } from '@weightmap/wm-layers';
import { describe, expect, it } from 'vitest';
import { activationVariance, noiseResponse } from '../src/index.js';
import { countingCompiler, fixedInitializer, randomSet, shifted } from './_fixtures.js';

const LABELS = Array.from({ length: 11 }, (_, i) => i % 3);
const set = randomSet(LABELS, [6, 5, 2]);

/** Every kind of feature layer, one after another, and what doesn't count as one in between. */
const mixed = () =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'conv',
        inputShape: [6, 5, 2],
        filters: 3,
        kernelSize: 3,
        padding: 'same',
        kernelInitializer: fixedInitializer(1),
        biasInitializer: fixedInitializer(2),
      }),
      tf.layers.activation({ activation: 'relu' }),
      smoothingWeightMap({ name: 'smoothing', filters: 5, activation: 'relu', seed: 3 }),
      unsharpWeightMap({ name: 'unsharp', filters: 2, seed: 4 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, kernelInitializer: fixedInitializer(5) }),
    ],
  });

type Rows = readonly ArrayLike<number>[];

const pixelsOf = (images: ImageSet, change: (pixel: number, i: number) => number = (pixel) => pixel): Rows =>
  Array.from(images.labels, (_, i) =>
    Float32Array.from(images.pixels.subarray(60 * i, 60 * i + 60), (p) => change(p / 255, i)),
  );

/** What each layer of a model in a row gives, for every image on its own. */
function outputs(model: tf.Sequential, images: Rows): Record<string, Rows> {
  const seen: Record<string, ArrayLike<number>[]> = { images: [...images] };
  for (const image of images)
    tf.tidy(() => {
      let x: tf.Tensor = tf.tensor(Float32Array.from(image), [1, 6, 5, 2]);
      for (const layer of model.layers) {
        x = layer.apply(x) as tf.Tensor;
        (seen[layer.name] ??= []).push(x.dataSync());
      }
    });
  return seen;
}

/** Mean over the quantities of their variance over the rows, by the definition. */
function meanVariance(rows: Rows): number {
  let sum = 0;
  for (let i = 0; i < rows[0].length; i++) sum += varianceOf(rows.map((row) => row[i]));
  return sum / rows[0].length;
}

function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

/** Both sides of equation 5, averaged over positions and pairs of channels and divided by the mean of Var[x]. */
function equation5(rows: Rows, weights: ArrayLike<number>) {
  const channels = weights.length / rows[0].length;
  let [measured, predicted] = [0, 0];
  for (let i = 0; i < rows[0].length; i++)
    for (let o = 0; o < channels; o++) {
      const w = weights[i * channels + o];
      measured += varianceOf(rows.map((row) => w * row[i]));
      predicted += w ** 2 * varianceOf(rows.map((row) => row[i]));
    }
  const scale = weights.length * meanVariance(rows);
  return { measured: measured / scale, predicted: predicted / scale };
}

/** What activationVariance should give for `mixed`. */
function expected(model: tf.Sequential, images: Rows) {
  const [conv, relu, smoothing, unsharp] = model.layers.map(({ name }) => name);
  const seen = outputs(model, images);
  const row = (layer: string, given: Rows, kind: string) => {
    const [input, output] = [meanVariance(given), meanVariance(seen[layer])];
    const weights = model.getLayer(layer).getWeights()[0].dataSync();
    const amplification = kind === 'conv' ? null : equation5(given, weights);
    return { layer, kind, input, output, gain: output / input, amplification };
  };
  return [
    row(conv, images, 'conv'),
    row(smoothing, seen[relu], 'smoothing'),
    row(unsharp, seen[smoothing], 'unsharp'),
  ];
}

type Row = ReturnType<typeof expected>[number];

function expectEqual(actual: readonly unknown[], rows: readonly Row[]): void {
  const figures = ({ input, output, gain, amplification: sides }: Row) => [
    ...[input, output, gain, sides?.measured ?? -1, sides?.predicted ?? -1],
  ];
  expect(actual).toHaveLength(rows.length);
  rows.forEach((row, i) => {
    const got = actual[i] as Row;
    expect([got.layer, got.kind, got.amplification === null]).toEqual([
      row.layer,
      row.kind,
      row.kind === 'conv',
    ]);
    figures(row).forEach((figure, j) => expect(figures(got)[j] / figure).toBeCloseTo(1, 4));
  });
}

await describeEachEngine('activationVariance', () => {
  it('equals plain loops, whatever the batch size', async () => {
    const model = mixed();
    const classifier = asClassifier(model);
    const rows = expected(model, pixelsOf(set));
    expect(rows[1].amplification!.measured).toBeCloseTo(rows[1].amplification!.predicted, 10);
    for (const batchSize of [1, 4, 64]) {
      const got = await expectNoLeak(() =>
        activationVariance(model, classifier, set, { seed: 1, batchSize }),
      );
      expectEqual(got, rows);
    }
  });
});

describe('activationVariance', () => {
  useEngine();

  it('is of the perturbed images, each batch with a stream of its own', async () => {
    const model = mixed();
    const attack = shifted();
    const options = { seed: 5, batchSize: 4, perturbation: { attack, strength: 0.5 } };
    const got = await expectNoLeak(() => activationVariance(model, asClassifier(model), set, options));
    const offset = (i: number) => randomStream(5, attack.id, i - (i % 4)).uniform();
    expectEqual(
      got,
      expected(
        model,
        pixelsOf(set, (pixel, i) => 0.5 * pixel + 0.5 * offset(i)),
      ),
    );
  });

  it('keeps equation 5: the variance of the products is w² times the input’s', async () => {
    const model = mixed();
    const [conv, ...weightMaps] = await activationVariance(model, asClassifier(model), set, { seed: 1 });
    expect(conv.amplification).toBeNull();
    for (const { amplification } of weightMaps)
      expect(amplification!.measured / amplification!.predicted).toBeCloseTo(1, 9);
  });

  it('looks at more images than fit into a step', async () => {
    const many = randomSet(
      Array.from({ length: 150 }, (_, i) => i % 3),
      [6, 5, 2],
    );
    const model = mixed();
    const got = await activationVariance(model, asClassifier(model), many, { seed: 1, batchSize: 150 });
    expectEqual(got, expected(model, pixelsOf(many)));
  });

  it('has no gain where nothing varies', async () => {
    const same = { ...set, pixels: new Uint8Array(set.pixels.length).fill(100) };
    const model = mixed();
    const got = await activationVariance(model, asClassifier(model), same, { seed: 1 });
    expect(got.map(({ input, gain, amplification }) => [input, gain, amplification])).toEqual(
      Array.from({ length: 3 }, () => [0, null, null]),
    );
  });

  it('finds feature layers in models that are layers', async () => {
    const inner = mixed();
    const image = tf.input({ shape: [6, 5, 2] });
    const outer = tf.model({ inputs: image, outputs: inner.apply(image) as tf.SymbolicTensor });
    expect(await activationVariance(outer, asClassifier(outer), set, { seed: 1 })).toEqual(
      await activationVariance(inner, asClassifier(inner), set, { seed: 1 }),
    );
  });

  it('asks for one compiled step, which reads nothing, and keeps it', async () => {
    const model = mixed();
    const plain = asClassifier(model);
    const { classifier, counts } = countingCompiler(plain);
    const first = await activationVariance(model, classifier, set, { seed: 1, batchSize: 4 });
    expect(counts).toEqual({ made: 1, called: 3 });
    expect(await activationVariance(model, classifier, set, { seed: 1, batchSize: 11 })).toHaveLength(3);
    expect(counts).toEqual({ made: 1, called: 4 });
    expect(first).toEqual(await activationVariance(model, plain, set, { seed: 1, batchSize: 4 }));
  });

  it('reports progress in images', async () => {
    const model = mixed();
    const events: unknown[] = [];
    const onProgress = (progress: unknown) => events.push(progress);
    await activationVariance(model, asClassifier(model), set, { seed: 1, batchSize: 8, onProgress });
    expect(events).toEqual([
      { stage: 'activation variance', done: 8, total: 11 },
      { stage: 'activation variance', done: 11, total: 11 },
    ]);
  });

  it('says what it cannot measure, and leaves nothing behind', async () => {
    const measure = (model: tf.LayersModel, images = set) =>
      expectNoLeak(() =>
        activationVariance(model, asClassifier(model), images, { seed: 1 }).catch(
          (error: Error) => error.message,
        ),
      );
    expect(await measure(mixed(), randomSet([], [6, 5, 2]))).toMatch(/no images/);

    const flat = tf.sequential({
      layers: [tf.layers.flatten({ inputShape: [6, 5, 2] }), tf.layers.dense({ units: 3 })],
    });
    expect(await measure(flat)).toMatch(/no feature layers/);

    const image = tf.input({ shape: [6, 5, 2] });
    const shared = tf.layers.conv2d({ name: 'shared', filters: 2, kernelSize: 1 });
    const twice = shared.apply(shared.apply(image)) as tf.SymbolicTensor;
    const head = tf.sequential({
      layers: [tf.layers.flatten({ inputShape: [6, 5, 2] }), tf.layers.dense({ units: 3 })],
    });
    const model = tf.model({ inputs: image, outputs: head.apply(twice) as tf.SymbolicTensor });
    expect(await measure(model)).toMatch(/"shared" is used 2 times/);

    const broken = mixed();
    const weights = broken.getLayer('smoothing').getWeights();
    broken.getLayer('smoothing').setWeights(weights.map((weight) => tf.fill(weight.shape, NaN)));
    expect(await measure(broken)).toMatch(/not finite/);
  });

  it('passes an attack’s error on', async () => {
    const model = mixed();
    const attack: Attack = {
      ...shifted(),
      run: () => {
        throw new Error('as it happens');
      },
    };
    const options = { seed: 1, perturbation: { attack, strength: 1 } };
    await expectNoLeak(() =>
      expect(activationVariance(model, asClassifier(model), set, options)).rejects.toThrow('as it happens'),
    );
  });
});

describe('noiseResponse', () => {
  useEngine();

  const attack = shifted();
  const perturbation = { attack, strength: 0.5 };
  const options = { seed: 5, batchSize: 4, perturbation };
  const noisyPixels = () =>
    pixelsOf(set, (pixel, i) => 0.5 * pixel + 0.5 * randomStream(5, attack.id, i - (i % 4)).uniform());
  const minus = (a: Rows, b: Rows): Rows =>
    a.map((row, i) => Float32Array.from(row, (value, j) => value - b[i][j]));

  it('equals plain loops', async () => {
    const model = mixed();
    const got = await expectNoLeak(() => noiseResponse(model, asClassifier(model), set, options));
    expectEqual(
      got.map(({ layer, kind, clean }) => ({ layer, kind, ...clean })),
      expected(model, pixelsOf(set)),
    );
    expectEqual(
      got.map(({ layer, kind, noisy }) => ({ layer, kind, ...noisy })),
      expected(model, noisyPixels()),
    );
    const [clean, noisy] = [outputs(model, pixelsOf(set)), outputs(model, noisyPixels())];
    const names = model.layers.map(({ name }) => name);
    const ways: [input: string, output: string][] = [
      ['images', names[0]],
      [names[1], names[2]],
      [names[2], names[3]],
    ];
    ways.forEach(([input, output], i) => {
      const share = (name: string) =>
        meanVariance(minus(noisy[name], clean[name])) / meanVariance(clean[name]);
      const { noiseToSignal } = got[i];
      expect(noiseToSignal.input! / share(input)).toBeCloseTo(1, 4);
      expect(noiseToSignal.output! / share(output)).toBeCloseTo(1, 4);
      expect(noiseToSignal.transfer! / (share(output) / share(input))).toBeCloseTo(1, 4);
    });
  });

  it('does not change when a factor is moved from one layer to the next; gain and amplification do', async () => {
    const model = tf.sequential({
      layers: [
        smoothingWeightMap({ name: 'one', filters: 3, activation: 'relu', seed: 3, inputShape: [6, 5, 2] }),
        unsharpWeightMap({ name: 'two', filters: 2, activation: 'relu', seed: 4 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3, kernelInitializer: fixedInitializer(5) }),
      ],
    });
    const scaled = (layer: string, factors: readonly number[]) =>
      tf.tidy(() => {
        const weights = model.getLayer(layer).getWeights();
        model.getLayer(layer).setWeights(weights.map((weight, i) => weight.mul(factors[i])));
      });
    const classifier = asClassifier(model);
    const logits = () =>
      tf.tidy(() =>
        classifier.logits(tf.tensor4d(pixelsOf(set)[0] as Float32Array, [1, 6, 5, 2])).dataSync(),
      );
    const [before, logitsBefore] = [await noiseResponse(model, classifier, set, options), logits()];
    const c = 7;
    scaled('one', [c, c]);
    scaled('two', [1 / c, 1]);
    const [after, logitsAfter] = [await noiseResponse(model, classifier, set, options), logits()];
    logitsAfter.forEach((logit, i) => expect(logit, 'the same network').toBeCloseTo(logitsBefore[i], 4));
    after.forEach(({ clean, noisy, noiseToSignal }, i) => {
      const was = before[i];
      for (const figure of ['input', 'output', 'transfer'] as const)
        expect(noiseToSignal[figure]! / was.noiseToSignal[figure]!).toBeCloseTo(1, 4);
      const factor = [c ** 2, 1 / c ** 2][i];
      for (const [now, then] of [
        [clean, was.clean],
        [noisy, was.noisy],
      ]) {
        expect(now.gain! / then.gain! / factor).toBeCloseTo(1, 3);
        expect(now.amplification!.measured / then.amplification!.measured / factor).toBeCloseTo(1, 3);
        expect(
          now.amplification!.measured / now.gain! / (then.amplification!.measured / then.gain!),
        ).toBeCloseTo(1, 4);
      }
    });
  });

  it('has no figure where nothing varies or nothing is changed', async () => {
    const model = mixed();
    const same = { ...set, pixels: new Uint8Array(set.pixels.length).fill(100) };
    const rows = await noiseResponse(model, asClassifier(model), same, options);
    expect(rows[0].noiseToSignal).toEqual({ input: null, output: null, transfer: null });
    const unchanged = { ...options, perturbation: { attack, strength: 0 } };
    const [first] = await noiseResponse(model, asClassifier(model), set, unchanged);
    expect(first.noiseToSignal).toEqual({ input: 0, output: 0, transfer: null });
  });

  it('looks at more images than fit into a step, in pairs', async () => {
    const many = randomSet(
      Array.from({ length: 150 }, (_, i) => i % 3),
      [6, 5, 2],
    );
    const model = mixed();
    const measure = (batchSize: number) =>
      noiseResponse(model, asClassifier(model), many, {
        seed: 1,
        batchSize,
        perturbation: { attack: halved, strength: 1 },
      });
    // Half of everything: the change of the images is half the images, so a quarter of their variance.
    const halved: Attack = {
      ...attack,
      run: (classifier, images, labels, given) =>
        attack.run(classifier, images, labels, {
          ...given,
          strengths: [0.5],
          random: { ...given.random, uniform: () => 0 },
        }),
    };
    for (const batchSize of [150, 64])
      expect((await measure(batchSize))[0].noiseToSignal.input).toBeCloseTo(0.25, 5);
  });
});
