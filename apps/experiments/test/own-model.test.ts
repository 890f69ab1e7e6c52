import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { UsageError, WeightmapError } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import type { AttackedRun } from '@weightmap/records';
import { saveModel, saveSafetensors } from '@weightmap/training';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  attackOwnModel,
  isOwnModel,
  parseBounds,
  parseNormalise,
  type OwnModelOptions,
} from '../src/attack/own-model.js';
import { withoutGradient } from '../src/attack/own-model-attacks.js';
import { loadOwnImages } from '../src/attack/own-model-images.js';
import { loadOwnModel, preprocessed } from '../src/attack/own-model-network.js';
import { buildVariant } from '../src/plugins/components.js';
import { inside, start } from './_command.js';
import {
  accuracyAt,
  linear,
  SIZE,
  smallestFooling,
  writeGraph,
  writeLinear,
  writePictures,
} from './_own-model.js';

let work: string;
let data: string;
const at = (...parts: string[]) => path.join(work, ...parts);
/** Between the smallest fooling ε of two images each. */
const epsilons = [0.005, 0.02, 0.04, 0.08];

beforeAll(async () => {
  await startEngine({ threads: 1 });
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-own-model-'));
  data = at('pictures');
  await writePictures(data);
});
afterAll(() => rm(work, { recursive: true, force: true }));

interface Stored {
  model: { outputs: string; form: string };
  warnings: string[];
  results: AttackedRun;
}

/** Attacks a network in this process, and reads what was written. */
async function attacked(
  model: string,
  options: Partial<OwnModelOptions> = {},
  { compile = false } = {},
): Promise<Stored> {
  const out = at('out');
  // To compile a step takes longer than the few steps of these attacks.
  vi.stubEnv('WEIGHTMAP_COMPILE', compile ? '' : 'off');
  const printed = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  try {
    await attackOwnModel(model, {
      ...{ data, epsilons, images: 100, masking: 0, threads: 1, out, command: 'weightmap attack' },
      ...{ defaults: ['fgsm'] },
      ...options,
    });
  } finally {
    printed.mockRestore();
    vi.unstubAllEnvs();
  }
  return JSON.parse(await readFile(path.join(out, 'attack.json'), 'utf8')) as Stored;
}
const accuracies = ({ results }: Stored) =>
  results.cells[0].attacks[0].points.map(({ accuracyPercent }) => accuracyPercent);
/** The message of an error and its details. */
const refusal = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WeightmapError);
  return (error as WeightmapError).explain();
};

it('takes a folder with the files of a dataset for that dataset', async () => {
  const folder = at('torchvision', 'MNIST', 'raw');
  await mkdir(folder, { recursive: true });
  const options = { images: 10, seed: 1 };
  expect(await refusal(loadOwnImages(at('torchvision'), options))).toContain(
    'The folder holds a single class.',
  );
  expect(await refusal(loadOwnImages('constructor', options))).toContain('There is no dataset or folder');
  const names = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'];
  for (const name of names) await writeFile(path.join(folder, `${name}-ubyte`), 'not one of these');
  for (const given of [at('torchvision'), folder])
    expect(await refusal(loadOwnImages(given, options))).toContain(
      path.join(folder, 'train-images-idx3-ubyte'),
    );
});

describe('a linear classifier', () => {
  const expected = epsilons.map(accuracyAt);

  it('is fooled by FGSM at the strength that its margin and weights give', async () => {
    expect(new Set(expected).size).toBeGreaterThan(2);
    await writeLinear(at('plain'));
    const { results, warnings, model } = await attacked(at('plain', 'model.json'), {}, { compile: true });
    expect(results.cells[0].cleanAccuracyPercent).toBe(100);
    expect(accuracies({ results, warnings, model })).toEqual(expected);
    expect(warnings).toEqual([]);
    // Just below and just above the smallest fooling strength of the image nearest to mid-gray.
    const least = smallestFooling(133);
    const near = await attacked(at('plain'), { epsilons: [least * 0.999, least * 1.001] });
    expect(accuracies(near)).toEqual([least * 0.999, least * 1.001].map(accuracyAt));
  });

  it.each([
    ['softmax', { activation: 'softmax' }, {}, /before the softmax/],
    ['a layer for the softmax', { softmaxLayer: true }, {}, /before the softmax/],
    ['one sigmoid', { single: true, activation: 'sigmoid' }, {}, /before the sigmoid/],
    ['one logit', { single: true }, {}, /the logit of the second class/],
    ['pixels to 255', { factor: 255 }, { bounds: [0, 255] }, /logits/],
    ['pixels from -1', { factor: 2, offset: -1 }, { bounds: [-1, 1] }, /logits/],
    [
      'normalised pixels',
      { factor: 4, offset: -2 },
      { normalise: { mean: [0.5], deviation: [0.25] } },
      /logits/,
    ],
    ['swapped classes', { swapped: true }, { classes: ['light', 'dark'] }, /logits/],
  ] as const)('gives the same as %s', async (name, form, options, outputs) => {
    await writeLinear(at(name), form);
    const found = await attacked(at(name), options);
    expect(accuracies(found)).toEqual(expected);
    expect(found.model.outputs).toMatch(outputs);
    expect(found.warnings).toEqual([]);
  });

  it.each(['Softmax', 'Identity'] as const)(
    'gives the same as a graph model that ends in %s',
    async (end) => {
      await writeGraph(at(end), { end });
      const found = await attacked(at(end));
      expect(accuracies(found)).toEqual(expected);
      expect(found.model.form).toBe('graph model');
    },
  );

  it('gives the same logits with its preprocessing inside and outside', async () => {
    await writeLinear(at('inside'), { factor: 255 / 0.25, offset: (0 - 127.5) / 0.25 / 255 });
    const spec = { height: SIZE, width: SIZE, channels: 1, classes: ['dark', 'light'] };
    const open = async (name: string) => loadOwnModel(at(name), { spec: () => Promise.resolve(spec) });
    await writeLinear(at('outside'), { factor: 4, offset: -2 });
    await writeLinear(at('as-it-is'));
    const plain = (await open('as-it-is')).classifier(spec, undefined).classifier;
    const outside = preprocessed((await open('outside')).classifier(spec, undefined).classifier, {
      ...{ bounds: [0, 255], mean: [127.5], deviation: [63.75] },
    });
    const images = tf.randomUniform<tf.Rank.R4>([3, SIZE, SIZE, 1], 0, 1, 'float32', 7);
    const difference = tf.max(tf.abs(tf.sub(plain.logits(images), outside.logits(images)))).dataSync()[0];
    expect(difference).toBeLessThan(1e-4);
  });
});

describe('what is said of clean images', () => {
  it('names the bounds that would help', async () => {
    await writeLinear(at('wide'), { factor: 255 });
    const { warnings } = await attacked(at('wide'));
    expect(warnings.join()).toMatch(/no better than chance.*--bounds 0,255 it would be 100\.0 %/);
  });

  it('names the order of the classes', async () => {
    await writeLinear(at('turned'), { swapped: true });
    const { warnings } = await attacked(at('turned'));
    expect(warnings.join()).toMatch(
      /another order: dark is its output 2 and light is its output 1.*--classes light,dark/,
    );
  });
});

describe('what is refused before work begins', () => {
  it.each([
    ['another size', [6, 6, 1], 2, /A picture has 8×8 pixels|expected: 6×6/],
    ['another number of classes', [8, 8, 1], 3, /3 classes, and the images have 2/],
    ['channels first', [3, 8, 8], 2, /doesn't take images of \[8, 8, 1\]/],
  ])('%s', async (name, inputShape, units, message) => {
    const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape }), tf.layers.dense({ units })] });
    await saveModel(model, at(name));
    model.dispose();
    expect(await refusal(attacked(at(name)))).toMatch(message);
  });

  it('several outputs, unless one is named', async () => {
    const input = tf.input({ shape: [SIZE, SIZE, 1] });
    const flat = tf.layers.flatten().apply(input);
    const outputs = ['first', 'second'].map((name) =>
      tf.layers.dense({ units: 2, name }).apply(flat),
    ) as tf.SymbolicTensor[];
    const model = tf.model({ inputs: input, outputs });
    const one = linear();
    model.getLayer('second').setWeights(one.getWeights());
    await saveModel(model, at('two'));
    expect(await refusal(attacked(at('two')))).toMatch(/2 outputs[^]*--output first/);
    expect(accuracies(await attacked(at('two'), { output: 'second' }))).toEqual(epsilons.map(accuracyAt));
    model.dispose();
    one.dispose();
  });

  it('several inputs', async () => {
    const inputs = [1, 2].map(() => tf.input({ shape: [SIZE, SIZE, 1] }));
    const sum = tf.layers.add().apply(inputs) as tf.SymbolicTensor;
    const end = tf.layers.dense({ units: 2 }).apply(tf.layers.flatten().apply(sum)) as tf.SymbolicTensor;
    const model = tf.model({ inputs, outputs: end });
    await saveModel(model, at('inputs'));
    model.dispose();
    expect(await refusal(attacked(at('inputs')))).toMatch(/2 inputs/);
  });

  it('a network without a gradient', () => {
    const spec = { height: 1, width: 2, channels: 1, classes: ['a', 'b'] };
    const set = { spec, pixels: Uint8Array.from([10, 200]), labels: Uint8Array.from([0]) };
    const flat = (images: tf.Tensor4D) => images.reshape<tf.Tensor2D>([-1, 2]);
    const of = (logits: (images: tf.Tensor4D) => tf.Tensor2D) =>
      withoutGradient({ classes: 2, inputShape: [1, 2, 1], bounds: [0, 1], logits }, set);
    expect(of(flat)).toBeNull();
    expect(of((images) => tf.tensor2d(flat(images).dataSync(), [images.shape[0], 2]))).toMatch(/gradient/i);
  });

  it('a graph with a fixed batch, or cut short', async () => {
    await writeGraph(at('batch'), { batch: 1 });
    expect(await refusal(attacked(at('batch')))).toMatch(/batches of exactly 1/);
    await writeGraph(at('cut'));
    await writeFile(at('cut', 'group1-shard1of1.bin'), Buffer.alloc(12));
    expect(await refusal(attacked(at('cut')))).toMatch(/describes \d+ bytes of weights, and there are 12/);
  });

  it('weights without a variant, a variant with layers, an unknown dataset', async () => {
    await writeFile(at('w.safetensors'), 'x');
    const usage = (promise: Promise<unknown>) => expect(promise).rejects.toBeInstanceOf(UsageError);
    await usage(attacked(at('w.safetensors')));
    await writeLinear(at('plain'));
    await usage(attacked(at('plain'), { variant: 'cnn-33' }));
    await usage(attacked(at('plain'), { data: 'nowhere' }));
    await usage(attacked(at('plain'), { data: 'digits', classes: ['a'] }));
    expect(() => parseBounds('1,0')).toThrow(UsageError);
    expect(() => parseNormalise('0.5')).toThrow(UsageError);
    expect(() => parseNormalise('0.5,0')).toThrow(/above 0/);
    expect(parseNormalise('1:2:3,4')).toEqual({ mean: [1, 2, 3], deviation: [4] });
    await expect(isOwnModel(at('plain', 'model.json'), false)).resolves.toBe(true);
    await expect(isOwnModel(at('pictures'), false)).resolves.toBe(false);
  });
});

it('attacks the weights of a variant', async () => {
  const spec = { height: SIZE, width: SIZE, channels: 1, classes: ['dark', 'light'] };
  const model = buildVariant('cnn-33', { spec, seed: 1 });
  await saveSafetensors(model, at('cnn.safetensors'));
  model.dispose();
  const { model: about, results } = await attacked(at('cnn.safetensors'), {
    variant: 'cnn-33',
    epsilons: [0.1],
  });
  expect(about.form).toBe('safetensors');
  expect(results.cells[0].variant).toBe('cnn');
});

describe('the command', () => {
  it('prints the table and writes the page', async () => {
    await writeLinear(at('cli'), { activation: 'softmax' });
    const { code, stdout, output } = await inside(
      [
        'attack',
        'cli/model.json',
        '--data',
        'pictures',
        '--attacks',
        'fgsm',
        '--epsilons',
        '0.08',
        '--masking',
        '4',
      ],
      { work, cwd: work },
    );
    expect(code, output).toBe(0);
    expect(stdout).toMatch(/checks for masking/);
    expect(stdout).toMatch(/worst case/);
    const { document } = parseHTML(await readFile(at('attacked/cli-on-pictures/index.html'), 'utf8'));
    expect(document.querySelector('h1')!.textContent).toBe('cli on pictures');
    expect(document.querySelectorAll('svg').length).toBeGreaterThan(1);
    expect(document.body.textContent).toMatch(/Signs of masking/);
    expect(document.body.textContent).not.toMatch(/n = 1/);
    expect(document.querySelector('.facts td')!.textContent).toContain('model.json');
    expect([document.body.textContent, stdout].filter((text) => /trial/.test(text))).toEqual([]);
    const links = [...document.querySelectorAll('[href], [src]')].map(
      (element) => element.getAttribute('href') ?? element.getAttribute('src')!,
    );
    expect(links.filter((link) => !/^(#|data:)/.test(link))).toEqual([]);
  });

  it('tells options of runs from those of a network, and a missing file', async () => {
    const run = (...args: string[]) => inside(['attack', ...args], { work, cwd: work });
    const own = await run('pictures', '--bounds', '0,1');
    const ofRun = await run('cli/model.json', '--data', 'pictures', '--launcher', 'slurm');
    const missing = await run('none/model.json', '--data', 'pictures');
    expect(own).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--bounds has no effect on a run/) as string,
    });
    expect(ofRun.stderr).toMatch(/--launcher has no effect on a network of your own/);
    expect(ofRun.code).toBe(2);
    expect(missing.stderr).toMatch(/There is no such model/);
    expect(missing.code).toBe(1);
  });

  it('ends on Ctrl-C while it attacks, and leaves no result', async () => {
    const child = start(
      [
        'attack',
        'cli/model.json',
        '--data',
        'pictures',
        '--attacks',
        'carlini-wagner',
        '--masking',
        '0',
        '--out',
        'stopped',
      ],
      { work, cwd: work, until: (output, stop) => output.includes('(1 of 1)') && stop('SIGINT') },
    );
    await child.closed;
    expect(child.signalCode).toBe('SIGINT');
    await expect(readFile(at('stopped/attack.json'))).rejects.toThrow(/ENOENT/);
  });
});
