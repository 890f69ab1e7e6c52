import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { saveSafetensors } from '@weightmap/training';
import { smoothingWeightMap } from '@weightmap/wm-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const script = path.join(root, 'examples/python/weight_map.py');
/** The Python that has torch and safetensors; without one there is nothing to compare with. */
const python = process.env.WEIGHTMAP_PYTHON ?? 'python3';
const hasTorch =
  spawnSync(python, ['-c', 'import torch, safetensors.torch'], { stdio: 'ignore' }).status === 0;

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-python-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** The CNN of table 1 with fewer channels, whose layers have the same names. */
const smoothingCnn = () =>
  tf.sequential({
    layers: [
      smoothingWeightMap({
        name: 'smoothing1',
        inputShape: [12, 10, 3],
        filters: 5,
        activation: 'relu',
        seed: 1,
      }),
      smoothingWeightMap({ name: 'smoothing2', filters: 4, activation: 'relu', seed: 2 }),
      smoothingWeightMap({ name: 'smoothing3', filters: 3, activation: 'relu', seed: 3 }),
      tf.layers.flatten(),
      tf.layers.dense({
        name: 'fc1',
        units: 7,
        activation: 'relu',
        kernelInitializer: tf.initializers.glorotUniform({ seed: 4 }),
      }),
      tf.layers.dense({
        name: 'logits',
        units: 4,
        kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }),
      }),
    ],
  });

describe('the reading of a weight map layer in PyTorch', () => {
  it('is the one in docs/interop.md', async () => {
    const [, layer] = /# --- the layer:.*?\n(.*?)# --- end/s.exec(await readFile(script, 'utf8')) ?? [];
    expect(layer).toBeTruthy();
    expect(await readFile(path.join(root, 'docs/interop.md'), 'utf8')).toContain(layer.trim());
  });

  it.skipIf(!hasTorch)('gives the logits of the network that was exported', async () => {
    const model = smoothingCnn();
    const images = tf.randomUniform([3, 12, 10, 3], 0, 1, 'float32', 6);
    await writeFile(path.join(work, 'images.json'), JSON.stringify(images.arraySync()));
    await saveSafetensors(model, path.join(work, 'weights.safetensors'));
    const { stdout } = await promisify(execFile)(python, [script, 'weights.safetensors', 'images.json'], {
      cwd: work,
    });
    const theirs = (JSON.parse(stdout) as number[][]).flat();
    const ours = (model.predict(images) as tf.Tensor).dataSync();
    expect(theirs).toHaveLength(ours.length);
    theirs.forEach((logit, i) => expect(logit).toBeCloseTo(ours[i], 5));
  });
});
