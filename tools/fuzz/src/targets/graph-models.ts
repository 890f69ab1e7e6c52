import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { startEngine } from '@weightmap/engine';
import { loadGraphModel } from '@weightmap/training';
import { loadOwnModel } from '../../../../apps/experiments/src/attack/own-model-network.js';
import { refused, target, type Target } from '../target.js';
import { isPartOf } from './records.js';
import { wholeFile } from './weights.js';

const SHARD = 'group1-shard1of1.bin';
const IMAGES = { height: 2, width: 2, channels: 1, classes: ['dark', 'light'] };

/** A linear classifier of 2 × 2 pixels as `tensorflowjs_converter` writes one; its kernel as float32, or as bytes with a scale. */
function graphModel({ isQuantized = false } = {}): { json: Buffer; weights: Buffer } {
  const float = { dtype: { type: 'DT_FLOAT' } };
  const dims = (...sizes: number[]) => ({ shape: { dim: sizes.map((size) => ({ size: String(size) })) } });
  const node = (name: string, op: string, input: string[] = [], attr = {}) => ({ name, op, input, attr });
  const T = { T: { type: 'DT_FLOAT' } };
  const plain = { transpose_a: { b: false }, transpose_b: { b: false } };
  const json = {
    format: 'graph-model',
    generatedBy: '2.15.0',
    signature: {
      inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: dims(-1, 2, 2, 1).shape } },
      outputs: { out: { name: 'Identity:0', dtype: 'DT_FLOAT', tensorShape: dims(-1, 2).shape } },
    },
    modelTopology: {
      node: [
        node('x', 'Placeholder', [], { ...float, ...dims(-1, 2, 2, 1) }),
        node('flat/shape', 'Const', [], { dtype: { type: 'DT_INT32' } }),
        node('kernel', 'Const', [], float),
        node('bias', 'Const', [], float),
        node('flat', 'Reshape', ['x', 'flat/shape'], T),
        node('product', 'MatMul', ['flat', 'kernel'], { ...T, ...plain }),
        node('logits', 'BiasAdd', ['product', 'bias'], T),
        node('end', 'Softmax', ['logits'], T),
        node('Identity', 'Identity', ['end'], T),
      ],
      versions: { producer: 1 },
    },
    weightsManifest: [
      {
        paths: [SHARD],
        weights: [
          { name: 'flat/shape', shape: [2], dtype: 'int32' },
          {
            name: 'kernel',
            shape: [4, 2],
            dtype: 'float32',
            ...(isQuantized && { quantization: { dtype: 'uint8', min: -1, scale: 0.01 } }),
          },
          { name: 'bias', shape: [2], dtype: 'float32' },
        ],
      },
    ],
  };
  const kernel = isQuantized
    ? Uint8Array.of(0, 20, 40, 60, 80, 100, 120, 140)
    : Float32Array.of(0, 1, 0, -0.5, 0, 1, 0, 0.25);
  const weights = [Int32Array.of(-1, 4), kernel, Float32Array.of(0, -0.5)].map((values) =>
    Buffer.from(values.buffer),
  );
  return { json: Buffer.from(JSON.stringify(json)), weights: Buffer.concat(weights) };
}

interface Read {
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly nodes: readonly { readonly name: string }[];
}

/** Loads a graph model and what it is used as: a classifier, which is run on an image. */
async function loaded(folder: string): Promise<Read | typeof refused> {
  const { numTensors } = tf.memory();
  const graph = await loadGraphModel(folder);
  if (!graph) return refused;
  const weights = Object.fromEntries(
    Object.entries(graph.model.weights).map(([name, [value]]) => [name, [...value.dataSync()]]),
  );
  graph.model.dispose();
  const own = await loadOwnModel(folder, { spec: async () => IMAGES });
  try {
    const { classifier } = own.classifier(IMAGES, undefined);
    tf.tidy(() => classifier.logits(tf.zeros([1, 2, 2, 1])).dataSync());
  } finally {
    own.dispose();
  }
  if (tf.memory().numTensors !== numTensors)
    throw new Error(`${tf.memory().numTensors - numTensors} tensors leak`);
  return { weights, nodes: graph.nodes };
}

/** The numbers of a manifest, one weight after another. */
function plainWeights(json: string, bytes: Buffer): Read {
  const { modelTopology, weightsManifest } = JSON.parse(json.replace(/^\uFEFF/, '')) as {
    modelTopology: { node: Read['nodes'] };
    weightsManifest: {
      weights: {
        name: string;
        shape: number[];
        dtype: string;
        quantization?: { dtype: string; min: number; scale: number };
      }[];
    }[];
  };
  let place = 0;
  const next = (dtype: string): number => {
    const at = place;
    place += { uint8: 1, bool: 1, uint16: 2, float16: 2 }[dtype] ?? 4;
    if (dtype === 'int32') return bytes.readInt32LE(at);
    return dtype === 'float32' ? bytes.readFloatLE(at) : bytes[at];
  };
  const weights: Record<string, number[]> = {};
  for (const { name, shape, dtype, quantization } of weightsManifest.flatMap((group) => group.weights)) {
    const one = () =>
      quantization
        ? Math.fround(next(quantization.dtype) * quantization.scale + quantization.min)
        : next(dtype);
    Object.defineProperty(weights, name, {
      value: Array.from({ length: shape.reduce((size, length) => size * length, 1) }, one),
      enumerable: true,
    });
  }
  return { weights, nodes: modelTopology.node };
}

function differs(read: Read, plain: Read): string | null {
  if (!isPartOf(read.nodes, plain.nodes)) return 'other nodes';
  for (const [name, values] of Object.entries(read.weights)) {
    const others = Object.entries(plain.weights).find(([key]) => key === name)?.[1];
    if (JSON.stringify(values) !== JSON.stringify(others)) return `other values of ${name}`;
  }
  return null;
}

const WEIGHTS = graphModel();
const SMALLER = graphModel({ isQuantized: true });

/** The weights that belong to a changed description. */
const weightsOf = (json: Buffer) => (json.includes('"quantization"') ? SMALLER : WEIGHTS).weights;

const opened = (bytesOf: (input: Buffer) => { json: Buffer; weights: Buffer }) => async (work: string) => {
  await startEngine({ engine: 'cpu' });
  const folder = path.join(work, 'model');
  await mkdir(folder, { recursive: true });
  return async (input: Buffer) => {
    const { json, weights } = bytesOf(input);
    await writeFile(path.join(folder, 'model.json'), json);
    await writeFile(path.join(folder, SHARD), weights);
    return loaded(folder);
  };
};

const SOURCE = 'packages/training/src/graph-model.ts';

export const graphModelTargets: readonly Target[] = [
  target<Read>({
    name: 'graph-model',
    covers: [SOURCE],
    weight: 0.3,
    json: wholeFile,
    seeds: () => [WEIGHTS.json, SMALLER.json],
    open: opened((json) => ({ json, weights: weightsOf(json) })),
    check: (read, json) => differs(read, plainWeights(json.toString(), weightsOf(json))),
  }),
  target<Read>({
    name: 'graph-weights',
    covers: [SOURCE],
    weight: 0.3,
    seeds: () => [WEIGHTS.weights],
    open: opened((weights) => ({ json: WEIGHTS.json, weights })),
    check: (read, weights) => differs(read, plainWeights(WEIGHTS.json.toString(), weights)),
  }),
];
