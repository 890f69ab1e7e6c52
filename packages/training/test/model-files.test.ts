import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { evaluate, loadModel, saveModel, train } from '../src/index.js';
import { emptyFolder, tinyConfig, tinyData, tinyModel } from './_tiny.js';

useEngine();

async function savedModel(): Promise<string> {
  const folder = join(await emptyFolder(), 'weights');
  const model = tinyModel();
  await saveModel(model, folder);
  model.dispose();
  return folder;
}

/** Has `model.json` name another file for its weights. */
async function namePath(folder: string, name: string): Promise<void> {
  const file = join(folder, 'model.json');
  const json = JSON.parse(await readFile(file, 'utf8')) as {
    weightsManifest: { paths: string[] }[];
    userDefinedMetadata?: object;
  };
  delete json.userDefinedMetadata; // the digests, which a sender would compute again
  json.weightsManifest[0].paths = [name];
  await writeFile(file, JSON.stringify(json));
}

/** What the person would read. */
const failure = (folder: string) =>
  loadModel(folder).then(
    () => 'loaded',
    (error: unknown) =>
      error instanceof WeightmapError ? error.explain() : `not for people: ${String(error)}`,
  );

describe('saveModel and loadModel', () => {
  it('bring back the same model, moving statistics included', async () => {
    const folder = join(await emptyFolder(), 'weights');
    const model = tinyModel();
    await train(model, tinyData, { ...tinyConfig, epochs: 1 }, { seed: 1 });
    await expectNoLeak(() => saveModel(model, folder));
    const loaded = await expectNoLeak(() => loadModel(folder), model.weights.length);
    expect(await evaluate(loaded, tinyData.validation)).toEqual(await evaluate(model, tinyData.validation));
    await saveModel(loaded, folder); // in place of the first
    (await loadModel(folder)).dispose();
    for (const m of [model, loaded]) m.dispose();
  });

  it('say which file is missing', async () => {
    const folder = await savedModel();
    await rm(join(folder, 'weights.bin'));
    expect(await failure(folder)).toMatch(/weights\.bin is missing/);
    expect(await failure(join(folder, 'elsewhere'))).toMatch(/no model in.*model\.json is missing/);
  });

  it.each<[string, string, (bytes: Buffer) => Buffer | string]>([
    ['weights cut short', 'weights.bin', (bytes) => bytes.subarray(0, -8)],
    ['weights changed', 'weights.bin', (bytes) => bytes.fill(7, 20, 21)],
    ['topology cut short', 'model.json', (bytes) => bytes.subarray(0, -8)],
    ['topology of something else', 'model.json', () => '{"name": "a package"}'],
  ])('refuse %s', async (_, name, how) => {
    const folder = await savedModel();
    await writeFile(join(folder, name), how(await readFile(join(folder, name))));
    expect(await failure(folder)).toMatch(/The model is damaged/);
  });

  it.each<[string, (folder: string) => Promise<unknown>]>([
    ['a path in model.json', (folder) => namePath(folder, '../secret.bin')],
    [
      'an absolute path through a link',
      async (folder) => {
        await symlink('/', join(folder, 'root'));
        await namePath(folder, 'root/etc/hostname');
      },
    ],
    ['a link', (folder) => symlink('../secret.bin', join(folder, 'weights.bin'))],
  ])('read no file outside the folder: %s', async (_, make) => {
    const folder = await savedModel();
    await rename(join(folder, 'weights.bin'), join(folder, '../secret.bin'));
    await make(folder);
    expect(await failure(folder)).toMatch(/A path leads out of its folder/);
  });

  it('say what to import for a class of layers that is not registered', async () => {
    const folder = await savedModel();
    const path = join(folder, 'model.json');
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replace('"Dense"', '"UnsharpWeightMap"').replace(/"topologySha256":"\w+"/, '"by":"hand"'),
    );
    expect(await failure(folder)).toMatch(/unknown class UnsharpWeightMap[\s\S]*@weightmap\/wm-layers/);
  });

  it('read a model that tfjs wrote, without a digest', async () => {
    const folder = await savedModel();
    const path = join(folder, 'model.json');
    const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    delete json.userDefinedMetadata;
    await writeFile(path, JSON.stringify(json));
    const model = await loadModel(folder);
    expect(tf.util.sizeFromShape(model.outputs[0].shape.slice(1) as number[])).toBe(3);
    model.dispose();
  });
});
