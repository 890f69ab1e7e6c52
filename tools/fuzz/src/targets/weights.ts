import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { imageSet } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import { loadModel, loadSafetensors, saveModel, saveSafetensors } from '@weightmap/training';
import { runShapeOf } from '../../../../packages/training/src/_checkpoint-checks.js';
import { identityOf } from '../../../../packages/training/src/_identity.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensors,
} from '../../../../packages/training/src/_safetensors.js';
import { adam } from '../../../../packages/training/src/_adam-state.js';
import { initialState, type TrainingState } from '../../../../packages/training/src/_state.js';
import { openCheckpoints } from '../../../../packages/training/src/checkpoint.js';
import type { JsonPart } from '../mutate.js';
import { plainSafetensors } from '../plain-readers.js';
import { refused, target, type Target } from '../target.js';

const SOURCE = 'packages/training/src';

/** A folder for as long as `body` runs. */
async function withFolder<Result>(body: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'weightmap-fuzz-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const tinyModel = () =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ name: 'conv', inputShape: [4, 4, 1], filters: 2, kernelSize: 3 }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.activation({ name: 'relu', activation: 'relu' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ name: 'logits', units: 3 }),
    ],
  });

/** Two branches that are joined: a graph, unlike a sequence. */
function branchedModel(): tf.LayersModel {
  const input = tf.input({ shape: [4, 4, 1], name: 'image' });
  const left = tf.layers.conv2d({ name: 'left', filters: 2, kernelSize: 3 }).apply(input);
  const right = tf.layers.conv2d({ name: 'right', filters: 2, kernelSize: 3 }).apply(input);
  const sum = tf.layers.add({ name: 'sum' }).apply([left, right] as tf.SymbolicTensor[]);
  const flat = tf.layers.flatten({ name: 'flat' }).apply(sum) as tf.SymbolicTensor;
  const logits = tf.layers.dense({ name: 'logits', units: 3 }).apply(flat) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: logits });
}

/** The header of a safetensors file; the length before it follows it. */
const safetensorsHeader: JsonPart = {
  read(bytes) {
    const length = bytes.length < 8 ? 0n : bytes.readBigUInt64LE();
    return length > BigInt(bytes.length) ? null : bytes.toString('utf8', 8, 8 + Number(length));
  },
  write(json, bytes) {
    const end = 8 + Number(bytes.readBigUInt64LE());
    const header = Buffer.from(json);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, header, bytes.subarray(end)]);
  },
};

type ReadTensor = ReturnType<typeof decodeSafetensors> extends Map<string, infer Tensor> ? Tensor : never;

const tensors: StoredTensors = new Map([
  ['conv.kernel', { shape: [3, 3, 1, 2], values: Float32Array.from({ length: 18 }, (_, i) => i / 7) }],
  ['conv.bias', { shape: [2], values: Float32Array.of(-1, 0.5) }],
  ['scale', { shape: [], values: Float32Array.of(3) }],
  ['none', { shape: [0, 4], values: new Float32Array(0) }],
]);

/** A weights file without padding, its tensors in another order than in the header. */
function looseSafetensors(): Buffer {
  const json =
    '{"b":{"shape":[2],"dtype":"F32","data_offsets":[4,12]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const bytes = Buffer.alloc(8 + json.length + 12, 1);
  bytes.writeBigUInt64LE(BigInt(json.length));
  bytes.write(json, 8);
  return bytes;
}

function checkTensors(read: ReadonlyMap<string, ReadTensor>, bytes: Buffer): string | null {
  const plain = plainSafetensors(bytes)?.tensors;
  if (plain === undefined) return 'accepted what the rules refuse';
  if ([...plain.keys()].sort().join('\n') !== [...read.keys()].sort().join('\n')) return 'other names';
  for (const [name, { shape, values }] of read) {
    const other = plain.get(name)!;
    if (shape.join() !== other.shape.join()) return `shape ${shape.join()} of ${name}`;
    if ((values === null) !== (other.values === null)) return `other type of ${name}`;
    if (!(values ?? []).every((value, i) => Object.is(value, other.values![i])))
      return `other values of ${name}`;
  }
  return null;
}

/** The bytes of a checkpoint with the right digest over its header and arrays; null if it has no header. */
export function signCheckpoint(bytes: Buffer): Buffer | null {
  const end = bytes.indexOf('\n');
  try {
    const { sha256: _, ...header } = JSON.parse(bytes.toString('utf8', 0, end)) as Record<string, unknown>;
    const payload = bytes.subarray(end + 1);
    const sha256 = createHash('sha256')
      .update(JSON.stringify(header))
      .update('\n')
      .update(payload)
      .digest('hex');
    return Buffer.concat([Buffer.from(`${JSON.stringify({ ...header, sha256 })}\n`), payload]);
  } catch {
    return null;
  }
}

const firstLine: JsonPart = {
  read: (bytes) => bytes.toString('utf8', 0, Math.max(0, bytes.indexOf('\n'))),
  write: (json, bytes) => Buffer.concat([Buffer.from(json), bytes.subarray(bytes.indexOf('\n'))]),
};

/** What a checkpoint of the tiny model must be of. */
function trainingRun() {
  const spec = { height: 4, width: 4, channels: 1, classes: ['a', 'b', 'c'] };
  const images = imageSet(spec, new Uint8Array(48), Uint8Array.of(0, 1, 2));
  const model = tinyModel();
  const optimizer = adam(0.01);
  const config = {
    epochs: 4,
    batchSize: 2,
    learningRate: 0.01,
    augmentation: 'pad-crop',
    selection: 'best',
  } as const;
  const identity = identityOf(model, { train: images, validation: images }, config, { seed: 1 });
  const initial = initialState({ model, optimizer, auxiliary: [] });
  const shapes = model.weights.map(({ shape }) => (shape as number[]).reduce((a, b) => a * b, 1));
  const trained = model.trainableWeights.map(({ shape }) => (shape as number[]).reduce((a, b) => a * b, 1));
  const run = { identity, shape: runShapeOf(model, 2) };
  model.dispose();
  const moments = () => trained.map((length) => Float32Array.from({ length }, (_, i) => i / 100));
  const state = (epochs: number, grows: boolean): TrainingState => ({
    ...initial,
    history: Array.from({ length: epochs }, (_, i) => ({
      epoch: i + 1,
      trainLoss: 1 / (i + 1),
      validationLoss: 1 / (i + 1),
      validationErrorPercent: grows ? 10 * (i + 1) : 50 / (i + 1),
    })),
    secondsPerEpoch: Array.from({ length: epochs }, () => 1.5),
    selected: { epoch: epochs, weights: initial.weights },
    adam: {
      iterations: 2 * epochs,
      betaPowers: [0.5, 0.9],
      firstMoments: moments(),
      secondMoments: moments(),
    },
    position: null,
  });
  return { run, shapes, trained, state };
}

async function checkpointOf(epochs: number, keepsOther: boolean): Promise<Buffer> {
  await startEngine({ engine: 'cpu' });
  const { run, state } = trainingRun();
  const saved = state(epochs, keepsOther);
  const other = {
    epoch: 1,
    weights: saved.weights.map((values) => Float32Array.from(values, (one) => one / 2)),
  };
  return withFolder(async (folder) => {
    await mkdir(folder, { recursive: true });
    await openCheckpoints(folder, run, () => {}).save(keepsOther ? { ...saved, selected: other } : saved);
    return readFile(path.join(folder, 'last.ckpt'));
  });
}

/** The fault of a training state that can't be one of this run. */
function checkState({ history, weights, selected, adam: moments }: TrainingState): string | null {
  const { shapes, trained } = trainingRun();
  const lengths = (arrays: readonly Float32Array[]) => arrays.map(({ length }) => length).join();
  if (lengths(weights) !== shapes.join()) return `weights of ${lengths(weights)} numbers`;
  if (lengths(selected.weights) !== shapes.join()) return `selected weights of ${lengths(selected.weights)}`;
  for (const group of [moments.firstMoments, moments.secondMoments])
    if (lengths(group) !== trained.join()) return `moments of ${lengths(group)} numbers`;
  if (history.some(({ epoch }, i) => epoch !== i + 1)) return 'epochs out of order';
  if (selected.epoch > history.length) return `selected epoch ${selected.epoch} of ${history.length}`;
  return null;
}

interface StoredModel {
  readonly json: Buffer;
  readonly weights: Buffer;
}

const stored = new Map<() => tf.LayersModel, Promise<StoredModel>>();

/** The files of a stored model, the same at every call. */
function filesOf(build: () => tf.LayersModel): Promise<StoredModel> {
  const files =
    stored.get(build) ??
    withFolder(async (folder) => {
      await startEngine({ engine: 'cpu' });
      const model = build();
      await saveModel(model, folder);
      model.dispose();
      return {
        json: await readFile(path.join(folder, 'model.json')),
        weights: await readFile(path.join(folder, 'weights.bin')),
      };
    });
  stored.set(build, files);
  return files;
}

/** A file that is JSON without a line end. */
export const wholeFile: JsonPart = { read: (bytes) => bytes.toString(), write: (json) => Buffer.from(json) };

/** A model.json with the right digest of its layers; null if it isn't JSON. */
export function signTopology(bytes: Buffer): Buffer | null {
  try {
    const json = JSON.parse(bytes.toString()) as Record<string, object>;
    const covered = JSON.stringify([json.modelTopology, json.weightsManifest]);
    const topologySha256 = createHash('sha256').update(covered).digest('hex');
    return Buffer.from(
      JSON.stringify({ ...json, userDefinedMetadata: { ...json.userDefinedMetadata, topologySha256 } }),
    );
  } catch {
    return null;
  }
}

/** Loads the model in a folder and gives its weights and an output. */
async function loaded(folder: string): Promise<unknown> {
  const model = await loadModel(folder);
  try {
    return model.weights.map((weight) => Float32Array.from(tf.tidy(() => weight.read().dataSync())));
  } finally {
    model.dispose();
  }
}

export const weightTargets: readonly Target[] = [
  target<Map<string, ReadTensor>>({
    name: 'safetensors',
    covers: [`${SOURCE}/_safetensors.ts`, `${SOURCE}/_strict-json.ts`],
    mayBeStrange: true,
    json: safetensorsHeader,
    seeds: () => [
      encodeSafetensors(tensors, { format: 'tfjs' }),
      encodeSafetensors(new Map(), {}),
      looseSafetensors(),
    ],
    open: async () => (bytes) => decodeSafetensors(bytes, 'weights.safetensors'),
    check: checkTensors,
    checkRefusal(bytes) {
      return plainSafetensors(bytes)?.isCanonical ? 'refused what the rules accept' : null;
    },
  }),
  target({
    name: 'weights-file',
    covers: [`${SOURCE}/weights-file.ts`],
    weight: 0.3,
    json: safetensorsHeader,
    async seeds() {
      await startEngine({ engine: 'cpu' });
      const model = tinyModel();
      return withFolder(async (folder) => {
        const file = path.join(folder, 'weights.safetensors');
        await saveSafetensors(model, file);
        model.dispose();
        return [await readFile(file)];
      });
    },
    async open(folder) {
      const model = tinyModel();
      const file = path.join(folder, 'weights.safetensors');
      return async (bytes) => {
        await writeFile(file, bytes);
        await loadSafetensors(model, file);
        return model.weights.map((weight) => Float32Array.from(weight.read().dataSync()));
      };
    },
  }),
  target<TrainingState>({
    name: 'checkpoint',
    covers: [`${SOURCE}/_checkpoint-file.ts`, `${SOURCE}/checkpoint.ts`],
    weight: 0.5,
    json: firstLine,
    sign: signCheckpoint,
    seeds: async () => [await checkpointOf(2, false), await checkpointOf(3, true)],
    async open(folder) {
      const { run } = trainingRun();
      return async (bytes) => {
        await writeFile(path.join(folder, 'last.ckpt'), bytes);
        const { numTensors } = tf.memory();
        const state = await openCheckpoints(folder, run, () => {}).load();
        if (tf.memory().numTensors !== numTensors) throw new Error('tensors leak');
        return state ?? refused;
      };
    },
    check: checkState,
  }),
  target({
    name: 'model-json',
    covers: [`${SOURCE}/model-files.ts`],
    weight: 0.3,
    json: wholeFile,
    sign: signTopology,
    async seeds() {
      await startEngine({ engine: 'cpu' });
      return [(await filesOf(tinyModel)).json, (await filesOf(branchedModel)).json];
    },
    async open(folder) {
      const [tiny, branched] = [await filesOf(tinyModel), await filesOf(branchedModel)];
      return async (bytes) => {
        const isBranched = bytes.includes('"right"');
        await writeFile(path.join(folder, 'weights.bin'), (isBranched ? branched : tiny).weights);
        await writeFile(path.join(folder, 'model.json'), bytes);
        return loaded(folder);
      };
    },
  }),
  target({
    name: 'model-weights',
    covers: [`${SOURCE}/model-files.ts`],
    weight: 0.3,
    seeds: async () => {
      await startEngine({ engine: 'cpu' });
      return [(await filesOf(tinyModel)).weights];
    },
    async open(folder) {
      const { json } = await filesOf(tinyModel);
      return async (bytes) => {
        const changed = JSON.parse(json.toString()) as { userDefinedMetadata: { weightsSha256: string } };
        // As another program writes it: without a digest, so that the numbers themselves are looked at.
        changed.userDefinedMetadata = {} as never;
        await writeFile(path.join(folder, 'model.json'), JSON.stringify(changed));
        await writeFile(path.join(folder, 'weights.bin'), bytes);
        return loaded(folder);
      };
    },
  }),
];
