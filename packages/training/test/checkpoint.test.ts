import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
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
    await expect(unwritable).rejects.toThrow(/cannot be written/);
    await mkdir(join(folder, 'last.ckpt'));
    await expect(run(folder)).rejects.toThrow(/cannot be read/);
  });
});
