/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- the JSON is changed at will */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { loadGraphModel, loadModel, readModelFiles, saveModel } from '../src/index.js';
import { emptyFolder } from './_tiny.js';

useEngine();

type Json = Record<string, any>;

/** Two branches that are added, and a model inside the model. */
function branched(): tf.LayersModel {
  const inner = tf.sequential({
    name: 'inner',
    layers: [
      tf.layers.conv2d({ name: 'c', inputShape: [4, 4, 2], filters: 2, kernelSize: 3, padding: 'same' }),
      tf.layers.batchNormalization({ name: 'norm' }),
    ],
  });
  const input = tf.input({ shape: [4, 4, 2], name: 'image' });
  const a = inner.apply(input) as tf.SymbolicTensor;
  const b = tf.layers.conv2d({ name: 'b', filters: 2, kernelSize: 1 }).apply(input) as tf.SymbolicTensor;
  const sum = tf.layers.add({ name: 'sum' }).apply([a, b]);
  const flat = tf.layers.flatten({ name: 'flat' }).apply(sum);
  const logits = tf.layers.dense({ name: 'logits', units: 3 }).apply(flat) as tf.SymbolicTensor;
  return tf.model({ name: 'outer', inputs: input, outputs: logits });
}

async function saved(): Promise<{ folder: string; json: Json; weights: Buffer }> {
  const folder = join(await emptyFolder(), 'weights');
  const model = branched();
  await saveModel(model, folder);
  model.dispose();
  const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as Json;
  return { folder, json, weights: await readFile(join(folder, 'weights.bin')) };
}

/** A model whose files have no digests, changed. */
async function changed(change: (json: Json, weights: Buffer) => unknown): Promise<string> {
  const { folder, json, weights } = await saved();
  delete json.userDefinedMetadata;
  const bytes = change(json, weights);
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  if (Buffer.isBuffer(bytes)) await writeFile(join(folder, 'weights.bin'), bytes);
  return folder;
}

/** What the person would read; no tensors stay behind. */
async function failure(folder: string): Promise<string> {
  const before = tf.memory().numTensors;
  const said = await loadModel(folder).then(
    (model) => {
      model.dispose();
      return 'loaded';
    },
    (error: unknown) =>
      error instanceof WeightmapError ? error.explain() : `not for people: ${String(error)}`,
  );
  expect(tf.memory().numTensors).toBe(before);
  return said;
}

const layersOf = (json: Json): Json[] => json.modelTopology.config.layers;
const layer = (json: Json, name: string) => layersOf(json).find((one) => one.name === name)!;

describe('a model of several branches', () => {
  it('is read, with or without digests', async () => {
    const { folder } = await saved();
    expect(await failure(folder)).toBe('loaded');
    expect(await failure(await changed(() => {}))).toBe('loaded');
  });

  it('is not read if its layers are not those that it was written with', async () => {
    const { folder, json } = await saved();
    layer(json, 'b').config.activation = 'relu';
    await writeFile(join(folder, 'model.json'), JSON.stringify(json));
    expect(await failure(folder)).toMatch(/damaged: its layers or its list of weights were changed/);
  });
});

describe('a damaged graph is refused before tfjs looks for its inputs', () => {
  it.each<[string, (json: Json) => unknown, RegExp]>([
    [
      'a renamed layer',
      (json) => (layer(json, 'b').name = layer(json, 'b').config.name = 'bb'),
      /"sum" gets its input from "b", which the model doesn't have/,
    ],
    [
      'a renamed layer, in one of two places',
      (json) => (layer(json, 'b').name = 'bb'),
      /two names, "bb" and "b"/,
    ],
    [
      'a layer that waits for itself',
      (json) => (layer(json, 'b').inbound_nodes[0][0][0] = 'b'),
      /in a circle: b, sum/,
    ],
    [
      'two layers that wait for each other',
      (json) => {
        layer(json, 'b').inbound_nodes[0][0][0] = 'flat';
      },
      /in a circle: .*flat/,
    ],
    [
      'a call that is never made',
      (json) => (layer(json, 'sum').inbound_nodes[0][1][1] = 1),
      /"sum" gets its input from call 1 of "b", which is called 1 times/,
    ],
    [
      'a negative call',
      (json) => (layer(json, 'sum').inbound_nodes[0][1][1] = -1),
      /is not \[layer, call, output\]/,
    ],
    [
      'a name of an object’s own',
      (json) => (layer(json, 'sum').inbound_nodes[0][1][0] = 'toString'),
      /"toString", which the model doesn't have/,
    ],
    [
      'two layers of one name',
      (json) => layersOf(json).push({ ...layer(json, 'b') }),
      /two layers of the model "outer" are named "b"/,
    ],
    [
      'two layers of one name inside',
      (json) => {
        const { layers } = layer(json, 'inner').config;
        layers[1].config.name = layers[0].config.name;
      },
      /two layers of the model "inner"/,
    ],
    [
      'keys in another spelling',
      (json) => {
        const b = layer(json, 'b');
        b.inboundNodes = [[['nowhere', 0, 0, {}]]];
      },
      /"nowhere"/,
    ],
    [
      'no name beside the configuration',
      (json) => delete layer(json, 'sum').name,
      /layer \d of the model has no name/,
    ],
    ['no connections', (json) => delete layer(json, 'b').inbound_nodes, /no list of inbound_nodes/],
    [
      'an output of no layer',
      (json) => (json.modelTopology.config.output_layers = [['nothing', 0, 0]]),
      /output_layers names call 0 of the layer "nothing"/,
    ],
    ['no inputs', (json) => delete json.modelTopology.config.input_layers, /no list of input_layers/],
    ['no layers', (json) => (json.modelTopology.config.layers = 5), /no list of layers/],
    ['a layer without a class', (json) => delete layer(json, 'b').class_name, /has no class_name/],
    [
      'no model at all',
      (json) => (json.modelTopology = { class_name: 'Dense', config: {} }),
      /describes no Keras model/,
    ],
    [
      'ten thousand layers and one',
      (json) => {
        for (let i = 0; i < 10_000; i++)
          layersOf(json).push({ ...layer(json, 'b'), name: `b${i}`, config: { name: `b${i}` } });
      },
      /more than 10000 layers/,
    ],
    [
      'a circle inside a wrapper',
      (json) => {
        const wrapped = structuredClone(json.modelTopology);
        wrapped.config.layers.find((one: Json) => one.name === 'b').inbound_nodes[0][0][0] = 'b';
        layer(json, 'b').config.layer = wrapped;
      },
      /in a circle/,
    ],
  ])('%s', async (_, change, expected) => {
    const folder = await changed(change);
    expect(await failure(folder)).toMatch(expected);
    // What the explorer's page would build.
    await expect(readModelFiles(folder)).rejects.toThrow(expected);
  });

  it('nesting without end', async () => {
    const { folder } = await saved();
    const deep = '[['.repeat(60) + ']]'.repeat(60);
    await writeFile(
      join(folder, 'model.json'),
      `{"modelTopology":{"class_name":"Model","config":{"layers":[],"input_layers":[["a",0,0]],"x":${deep}}},"weightsManifest":[]}`,
    );
    expect(await failure(folder)).toMatch(/damaged/);
  });
});

describe('absurd sizes are refused before they are allocated', () => {
  it.each<[string, (json: Json) => unknown, RegExp]>([
    [
      'units',
      (json) => (layer(json, 'logits').config.units = 1e9),
      /"logits" asks for a kernel of \[32, 1000000000\], and no such weights/,
    ],
    ['filters', (json) => (layer(json, 'b').config.filters = 1e9), /"b" asks for a kernel/],
    [
      'filters inside',
      (json) => (layer(json, 'inner').config.layers[0].config.filters = 1e9),
      /"c" asks for a kernel/,
    ],
    [
      'a kernel',
      (json) => (layer(json, 'b').config.kernel_size = [30_000, 30_000]),
      /"b" asks for a kernel|damaged/,
    ],
    ['an input', (json) => (layer(json, 'image').config.batch_input_shape = [null, 1e6, 1e6, 2]), /damaged/],
    [
      'a listed weight',
      (json) => (json.weightsManifest[0].weights[0].shape = [1e9, 1e9]),
      /describes \S+ bytes of weights, and there are \d+/,
    ],
    [
      'a shape of 2⁶⁴',
      (json) => (json.weightsManifest[0].weights[0].shape = [2 ** 32, 2 ** 32]),
      /describes/,
    ],
    ['fractions', (json) => (layer(json, 'logits').config.units = 2.5), /damaged/],
    ['negative units', (json) => (layer(json, 'logits').config.units = -1), /damaged/],
  ])('%s', async (_, change, expected) => {
    expect(await failure(await changed(change))).toMatch(expected);
  });

  it('a padding of a gigabyte', async () => {
    const folder = await changed((json) => {
      layersOf(json).push({
        class_name: 'ZeroPadding2D',
        name: 'pad',
        config: {
          name: 'pad',
          padding: [
            [20_000, 20_000],
            [20_000, 20_000],
          ],
        },
        inbound_nodes: [[['b', 0, 0, {}]]],
      });
      json.modelTopology.config.output_layers = [['pad', 0, 0]];
    });
    expect(await failure(folder)).toMatch(
      /"pad" gives \[40004, 40004, 2\] for one image, more than a gigabyte/,
    );
  });
});

describe('the list of weights', () => {
  it.each<[string, (json: Json, weights: Buffer) => unknown, RegExp]>([
    [
      'more bytes',
      (_, weights) => Buffer.concat([weights, Buffer.alloc(4)]),
      /describes (\d+) bytes of weights, and there are/,
    ],
    ['fewer bytes', (_, weights) => weights.subarray(0, -4), /describes (\d+) bytes/],
    [
      'a weight twice',
      (json) => {
        const [{ weights }] = json.weightsManifest;
        weights[1] = { ...weights[0] };
      },
      /twice/,
    ],
    [
      'an unknown type',
      (json) => (json.weightsManifest[0].weights[0].dtype = 'float64'),
      /no valid name, shape and dtype/,
    ],
    [
      'a negative length',
      (json) => (json.weightsManifest[0].weights[0].shape[0] = -3),
      /no valid name, shape and dtype/,
    ],
    [
      'another name',
      (json) => (json.weightsManifest[0].weights[0].name = 'other/kernel'),
      /damaged: .*other\/kernel/,
    ],
    [
      'weights of another network',
      (json) => {
        const { weights } = json.weightsManifest[0];
        weights[0].shape.reverse();
      },
      /damaged/,
    ],
  ])('is refused with %s', async (_, change, expected) => {
    expect(await failure(await changed(change))).toMatch(expected);
  });
});

describe('a good model in another form is named as what it is', () => {
  const only = async (name: string, content: Buffer | string) => {
    const folder = await emptyFolder();
    await writeFile(join(folder, name), content);
    return failure(folder);
  };
  const binary = (text: string) => Buffer.from(text, 'latin1');

  it.each<[string, Buffer | string, RegExp]>([
    ['model.h5', binary('\x89HDF\r\n\x1a\n...'), /Keras model .*HDF5/],
    ['network.keras', binary('PK\x03\x04......metadata.json'), /Keras 3 file/],
    ['saved_model.pb', binary('\x08\x01'), /SavedModel/],
    ['model.onnx', binary('\x08\x07\x12\x07pytorch'), /ONNX/],
    ['model.pt', binary('PK\x03\x04....model/data.pkl'), /PyTorch file[^]*safetensors/],
    ['pytorch_model.bin', binary('\x80\x02\x8a\x0al\xfc'), /Python's pickle[^]*safetensors/],
    ['weights.npz', binary('PK\x03\x04....conv1.npy'), /NumPy/],
    ['model.tflite', binary('\x1c\0\0\0TFL3'), /TensorFlow Lite/],
    ['model.safetensors', binary('\x40\0\0\0\0\0\0\0{"a":{}}'), /safetensors file[^]*loadSafetensors/],
    ['cnn.ckpt-3.index', binary('....'), /TensorFlow checkpoint/],
    ['model.json', 'version https://git-lfs.github.com/spec/v1\n', /Git LFS pointer[^]*git lfs pull/],
    ['model.json', '<!DOCTYPE html><title>404</title>', /web page/],
    ['model.json', binary('\x1f\x8b\x08'), /gzip/],
    [
      'model.json',
      '{"format":"graph-model","modelTopology":{"node":[]},"weightsManifest":[]}',
      /graph model/,
    ],
    ['model.json', '{"modelTopology":{"node":[],"library":{}},"weightsManifest":[]}', /graph model/],
    [
      'model.json',
      '{"class_name":"Sequential","config":{"layers":[]}}',
      /description of a Keras model alone/,
    ],
    ['model.json', '[{"paths":["group1-shard1of1"],"weights":[]}]', /list of weights/],
    [
      'model.json',
      '{"modelTopology":{"class_name":"Sequential","config":{"rate":NaN}},"weightsManifest":[]}',
      /has NaN, which JSON doesn't allow/,
    ],
  ])('%s (%#)', async (name, content, expected) => {
    const said = await only(name, content);
    expect(said).toMatch(expected);
    expect(said).not.toMatch(/damaged|delete/);
  });

  it('Keras 3, by its batch_shape, its types or its calls', async () => {
    for (const change of [
      (json: Json) => {
        const { config } = layer(json, 'image');
        config.batch_shape = config.batch_input_shape;
        delete config.batch_input_shape;
      },
      (json: Json) =>
        (layer(json, 'b').config.dtype = {
          module: 'keras',
          class_name: 'DTypePolicy',
          config: { name: 'float32' },
        }),
      (json: Json) =>
        (layer(json, 'b').inbound_nodes = [
          { args: [{ class_name: '__keras_tensor__', config: {} }], kwargs: {} },
        ]),
    ])
      expect(await failure(await changed(change))).toMatch(/^This is a Keras 3 model/);
  });

  it('a path to the file instead of its folder', async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, 'model.h5'), binary('\x89HDF\r\n\x1a\n...'));
    expect(await failure(join(folder, 'model.h5'))).toMatch(/Keras model .*HDF5/);
  });

  it('a class or an activation that tfjs does not have', async () => {
    expect(await failure(await changed((json) => (layer(json, 'b').class_name = 'RandomFlip')))).toMatch(
      /unknown class RandomFlip/,
    );
    expect(await failure(await changed((json) => (layer(json, 'b').config.activation = 'wave')))).toMatch(
      /unknown activation wave/,
    );
  });

  it('weights that are a pointer', async () => {
    expect(
      await failure(await changed(() => Buffer.from('version https://git-lfs.github.com/spec/v1\n'))),
    ).toMatch(/Git LFS pointer/);
  });

  it('a byte order mark before model.json is passed over', async () => {
    const { folder } = await saved();
    const text = await readFile(join(folder, 'model.json'), 'utf8');
    await writeFile(join(folder, 'model.json'), `\uFEFF${text}`);
    expect(await failure(folder)).toBe('loaded');
  });

  it('a folder in place of a file', async () => {
    const { folder } = await saved();
    await rm(join(folder, 'weights.bin'));
    await mkdir(join(folder, 'weights.bin'));
    expect(await failure(folder)).toMatch(/cannot be read: it is a folder[^]*weights\.bin/);
  });
});

describe('a graph model', () => {
  it.each(['inputs', 'outputs'])(
    'is refused if its signature has a node among its %s that is not there',
    async (kind) => {
      const folder = await emptyFolder();
      const node = [{ name: 'x', op: 'Placeholder', input: [] }];
      const graph = { format: 'graph-model', modelTopology: { node }, weightsManifest: [] };
      const signature = { [kind]: { image: { name: 'y:0' } } };
      await writeFile(join(folder, 'model.json'), JSON.stringify({ ...graph, signature }));
      await expect(loadGraphModel(folder)).rejects.toThrow(`its signature has "y:0" among its ${kind}`);
    },
  );

  it('is refused if it is nested too deeply', async () => {
    const folder = await emptyFolder();
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    await writeFile(
      join(folder, 'model.json'),
      `{"format":"graph-model","modelTopology":{"node":[{"name":"x","op":"Placeholder","attr":${deep}}]},"weightsManifest":[]}`,
    );
    expect(await loadGraphModel(folder)).toBeNull();
  });
});
