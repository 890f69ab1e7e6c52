/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- the JSON is changed at will */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { afterAll, describe, expect, it } from 'vitest';
import { runShapeOf } from '../src/_checkpoint-checks.js';
import { decodeCheckpoint } from '../src/_checkpoint-file.js';
import { openCheckpoints } from '../src/checkpoint.js';
import { train } from '../src/index.js';
import { emptyFolder, takeWeights, tinyConfig, tinyData, tinyImages, tinyModel } from './_tiny.js';
import type { TrainingConfig } from '../src/training-config.js';

useEngine('cpu'); // These tests are about files.

async function run(
  checkpointDir: string,
  {
    epochs = 3,
    seed = 1,
    data = tinyData,
    model = tinyModel(),
    ...config
  }: Partial<TrainingConfig> & {
    seed?: number;
    data?: typeof tinyData;
    model?: tf.LayersModel;
  } = {},
) {
  const notes: string[] = [];
  try {
    const result = await train(
      model,
      data,
      { ...tinyConfig, ...config, epochs },
      {
        seed,
        checkpointDir,
        onNote: (note) => notes.push(note),
      },
    );
    return { ...result, notes, weights: takeWeights(model) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function damage(path: string, how: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(path, how(await readFile(path)));
}

const flipBitAt = (share: number) => (bytes: Buffer) => {
  bytes[Math.floor(bytes.length * share)] ^= 1;
  return bytes;
};

describe('checkpoints', () => {
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['a flipped bit in the weights', flipBitAt(0.9)],
    ['a flipped bit in the header', flipBitAt(0.01)],
    [
      'a changed figure of the history',
      (b) => Buffer.from(b.toString('latin1').replace(/(Loss":\d\.)\d/, '$10'), 'latin1'),
    ],
    ['the end cut off', (bytes) => bytes.subarray(0, -100)],
    ['nothing in it', () => Buffer.alloc(0)],
    ['something else in it', () => Buffer.from('{"format":"other"}\n')],
  ])('continues from the one before when the last has %s', async (_, how) => {
    const whole = await run(await emptyFolder());
    const folder = await emptyFolder();
    await run(folder, { epochs: 2 });
    await damage(join(folder, 'last.ckpt'), how);
    const { notes, resumedFromEpoch, weights } = await run(folder);
    expect(resumedFromEpoch).toBe(1);
    expect(notes.join()).toMatch(/last\.ckpt is damaged.*continuing from epoch 1/);
    expect(weights).toEqual(whole.weights);
  });

  let known: Promise<string> | undefined;
  /** The folder of a run of two epochs, trained once. */
  const trained = () =>
    (known ??= mkdtemp(join(tmpdir(), 'weightmap-checkpoints-')).then(async (folder) => {
      await run(folder, { epochs: 2 });
      return folder;
    }));
  afterAll(async () => {
    if (known) await rm(await known, { recursive: true });
  });

  type Header = Record<string, any>;

  /** Changes header and arrays, and gives them the right checksum. */
  const forge = (change: (header: Header, payload: Buffer) => unknown) => (bytes: Buffer) => {
    const end = bytes.indexOf('\n');
    const { sha256: _, ...header } = JSON.parse(bytes.toString('utf8', 0, end)) as Header;
    const payload = Buffer.from(bytes.subarray(end + 1));
    change(header, payload);
    const sha256 = createHash('sha256')
      .update(JSON.stringify(header))
      .update('\n')
      .update(payload)
      .digest('hex');
    return Buffer.concat([Buffer.from(`${JSON.stringify({ ...header, sha256 })}\n`), payload]);
  };

  it.each<[string, (header: Header, payload: Buffer) => unknown, RegExp]>([
    ['a huge number of weights', (h) => (h.groups.weights = 1e9), /announces 1000000012 arrays and lists/],
    ['a number of weights beyond a list', (h) => (h.groups.weights = 2 ** 40), /announces/],
    ['a negative number', (h) => (h.groups.weights = -1), /no valid groups.weights/],
    ['a group that there is not', (h) => (h.groups.more = 0), /no valid groups/],
    ['huge arrays', (h) => (h.tensors[0].shape = [1e12]), /lists \d+ bytes of arrays, and holds/],
    [
      'arrays of other sizes',
      (h) => {
        h.tensors[0].shape[0] -= 1;
        h.tensors[1].shape[0] += 1;
      },
      /weights\/0 holds 35 numbers, and the model needs 36/,
    ],
    ['arrays in another order', (h) => h.tensors.reverse(), /array 0 is secondMoments/],
    ['another type', (h) => (h.tensors[0].dtype = 'int32'), /no valid tensors.0.dtype/],
    [
      'quantised arrays',
      (h) => (h.tensors[0].quantization = { dtype: 'uint8', min: 0, scale: 1 }),
      /no valid tensors.0/,
    ],
    ['NaN in the weights', (_, payload) => payload.writeFloatLE(NaN, 0), /weights\/0 holds NaN/],
    [
      'an infinite moment',
      (_, payload) => payload.writeFloatLE(Infinity, payload.length - 4),
      /secondMoments\/\d holds NaN or an infinity/,
    ],
    [
      'a negative second moment',
      (_, payload) => payload.writeFloatLE(-1, payload.length - 4),
      /negative number/,
    ],
    ['epochs out of order', (h) => h.history.reverse(), /epoch 2 is where epoch 1 belongs/],
    ['an epoch twice', (h) => (h.history[1].epoch = 1), /epoch 1 is where epoch 2 belongs/],
    ['an epoch too few', (h) => h.history.pop(), /is of epoch 2, and has a history of 1/],
    ['times of other epochs', (h) => h.secondsPerEpoch.pop(), /times of 1 epochs/],
    [
      'a selected epoch that the rule does not select',
      (h) => (h.selectedEpoch = 1),
      /selects epoch 1 where the rule selects 2/,
    ],
    [
      'steps beyond the epoch',
      (h) => (h.position = { step: 4, lossSum: 1, augmentation: [1, 2, 3, 4], seconds: 1 }),
      /damaged/,
    ],
    [
      'a random state of zeros',
      (h) => (h.position = { step: 1, lossSum: 1, augmentation: [0, 0, 0, 0], seconds: 1 }),
      /no valid position.augmentation/,
    ],
    ['a negative iteration', (h) => (h.adam.iterations = -5), /no valid adam.iterations/],
  ])('loads the one before when the last has %s and a right checksum', async (_, change, expected) => {
    const folder = await emptyFolder();
    await cp(await trained(), folder, { recursive: true });
    const { identity } = decodeCheckpoint(await readFile(join(folder, 'previous.ckpt')));
    await damage(join(folder, 'last.ckpt'), forge(change));
    const notes: string[] = [];
    const model = tinyModel();
    const shape = runShapeOf(model, 4);
    model.dispose();
    const state = await openCheckpoints(folder, { identity, shape }, (note) => notes.push(note)).load();
    expect(state?.history).toHaveLength(1);
    expect(notes.join()).toMatch(expected);
    expect(notes.join()).toMatch(/last\.ckpt is damaged.*continuing from epoch 1/);
  });

  it('continues from the one before when the last was never put in place', async () => {
    const folder = await emptyFolder();
    await run(folder, { epochs: 2 });
    await rm(join(folder, 'last.ckpt'));
    const { notes, resumedFromEpoch } = await run(folder);
    expect(resumedFromEpoch).toBe(1);
    expect(notes.join()).toMatch(/last\.ckpt is missing/);
  });

  it('starts from the beginning, and says so, when both are damaged', async () => {
    const folder = await emptyFolder();
    await run(folder, { epochs: 2 });
    for (const name of ['last.ckpt', 'previous.ckpt']) await damage(join(folder, name), flipBitAt(0.5));
    const { notes, resumedFromEpoch, history } = await run(folder);
    expect(resumedFromEpoch).toBeNull();
    expect(history).toHaveLength(3);
    expect(notes.join()).toMatch(/last\.ckpt is damaged.*previous\.ckpt is damaged.*from the beginning/);
  });

  it('takes no notice of half-written files, and clears them away', async () => {
    const folder = await emptyFolder();
    await run(folder, { epochs: 2 });
    await writeFile(join(folder, 'next.ckpt'), 'half');
    await writeFile(join(folder, 'next.ckpt.123456.0.partial'), 'half');
    expect(await run(folder)).toMatchObject({ resumedFromEpoch: 2, notes: [] });
    expect((await readdir(folder)).sort()).toEqual(['last.ckpt', 'previous.ckpt']);
  });

  it('refuses to continue another run, and says what differs', async () => {
    const folder = await emptyFolder();
    await run(folder, { epochs: 1 });
    const kept = await readFile(join(folder, 'last.ckpt'));
    const narrow = tf.sequential({
      layers: [tf.layers.flatten({ inputShape: [8, 8, 1] }), tf.layers.dense({ units: 3 })],
    });
    await expect(run(folder, { seed: 2 })).rejects.toThrow(/another training run: seed 1, now 2\.$/);
    await expect(run(folder, { learningRate: 0.02, selection: 'best' })).rejects.toThrow(
      /learningRate 0\.01, now 0\.02; selection last, now best\.$/,
    );
    await expect(run(folder, { model: narrow })).rejects.toThrow(
      /model of 8 weights, now 2; weight 0 conv2d\/kernel \[3,3,1,4\], now dense\/kernel/,
    );
    await expect(run(folder, { data: { ...tinyData, train: tinyImages(25, 9) } })).rejects.toThrow(
      /trainingImages/,
    );
    await expect(run(folder, { seed: 2 })).rejects.toBeInstanceOf(WeightmapError);
    expect(await readFile(join(folder, 'last.ckpt'))).toEqual(kept);
  });

  it('says when a checkpoint cannot be written or read', async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(run(join(folder, 'file', 'checkpoint'))).rejects.toBeInstanceOf(WeightmapError);
    await symlink(join(folder, 'nowhere', 'at-all'), join(folder, 'dangling'));
    const unwritable = train(tinyModel(), tinyData, tinyConfig, {
      seed: 1,
      checkpointDir: join(folder, 'dangling'),
      onProgress: () => expect.unreachable('a step before the folder was looked at'),
    });
    await expect(unwritable).rejects.toThrow(/link that leads nowhere/);
    await mkdir(join(folder, 'last.ckpt'));
    await expect(run(folder)).rejects.toThrow(/it is a folder/);
  });
});
