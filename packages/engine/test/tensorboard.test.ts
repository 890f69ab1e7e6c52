import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { availableEngines, startEngine, summaryWriter } from '../src/index.js';

const engines = await availableEngines();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weightmap-tensorboard-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('summaryWriter', () => {
  it.runIf(engines.includes('native'))(
    'writes an event file that holds the figures, and leaks nothing',
    async () => {
      await startEngine({ engine: 'native' });
      const logs = path.join(folder, 'logs');
      const writer = summaryWriter(logs);
      const before = tf.memory().numTensors;
      for (let step = 1; step <= 3; step++) writer.scalar('validation error', 10 / step, step);
      writer.flush();
      expect(tf.memory().numTensors).toBe(before);
      const [file, ...others] = await readdir(logs);
      expect(others).toEqual([]);
      expect(file).toMatch(/^events\.out\.tfevents\./);
      const bytes = await readFile(path.join(logs, file));
      // One record a figure, each with its tag and its value as a little-endian float.
      expect(bytes.toString('latin1').split('validation error')).toHaveLength(4);
      const value = Buffer.alloc(4);
      value.writeFloatLE(10 / 3);
      expect(bytes.includes(value)).toBe(true);
    },
  );

  it.runIf(engines.includes('cpu'))('says which engine it needs on another', async () => {
    await startEngine({ engine: 'cpu' });
    expect(() => summaryWriter(folder)).toThrow('TensorBoard logs need the native engine');
  });
});
