import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { buildVariant, findVariant } from '@weightmap/architectures';
import { attacks } from '@weightmap/attacks';
import { asClassifier, type Attack, type Dataset } from '@weightmap/core';
import { openEvaluationCache } from '@weightmap/records';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { drawAttacked, picturedStrength, strongestAt } from '../src/attack/pictures.js';
import { rectangles } from './_rectangles.js';

useEngine();

describe('what is pictured', () => {
  it('is the middle strength above 0, the lower of two', () => {
    expect(picturedStrength([0.3, 0, 0.1, 0.2])).toBe(0.2);
    expect(picturedStrength([0.05, 0.3, 0.2, 0.1])).toBe(0.1);
    expect(picturedStrength([0])).toBeNull();
  });

  it('is the attack on L∞ that fools most there', () => {
    const chosen = (['deepfool', 'fgsm', 'pgd', 'bim'] as const).map((id) => attacks[id]());
    const points = (at1: string, at2: string) =>
      [at1, at2].map((fooled, i) => ({ strength: i + 1, fooled, meanLinf: null, meanL2: null }));
    const found = (epsilon: number) =>
      strongestAt(epsilon, chosen, [
        { id: 'deepfool', points: points('111', '111') },
        { id: 'fgsm', points: points('110', '001') },
        { id: 'pgd', points: points('100', '011') },
        { id: 'bim', points: points('100', '110') },
      ])?.id;
    expect(found(1)).toBe('fgsm');
    expect(found(2)).toBe('pgd');
    expect(strongestAt(1, [attacks.deepfool()], [])).toBeNull();
  });
});

describe('pictures of attacked images', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'weightmap-pictures-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  let model: tf.LayersModel;
  beforeAll(() => void (model = buildVariant('cnn-33', { spec, seed: 1 })));
  afterAll(() => void model.dispose());

  const spec = { height: 12, width: 12, channels: 1, classes: ['a', 'b', 'c'] };
  const test = rectangles(spec, 20);
  const dataset: Dataset = {
    id: 'made',
    label: 'made',
    spec,
    train: test,
    validation: test,
    test,

    checksum: 'a'.repeat(64),
    source: 'made here',
    notes: [],
  };
  const fgsm = attacks.fgsm();
  /** Counts how often it runs. */
  const counted = () => {
    const attack = {
      ...fgsm,
      runs: 0,
      run: (...given: Parameters<Attack['run']>) => (attack.runs++, fgsm.run(...given)),
    };
    return attack;
  };
  const draw = (attack: Attack, epsilon: number, signal = new AbortController().signal) =>
    drawAttacked(model, asClassifier(model, { bounds: [0, 1] }), dataset, attack, epsilon, {
      folder,
      layer: findVariant('cnn-33').gradCamLayer,
      seed: 1,
      circumstances: {},
      signal,
      cache: openEvaluationCache(path.join(folder, 'evaluation'), 'these weights'),
    });
  const bytesOf = async () => {
    const files = (await readdir(path.join(folder, 'attacked'))).sort();
    return Object.fromEntries(
      await Promise.all(
        files.map(
          async (file) =>
            [file, (await readFile(path.join(folder, 'attacked', file))).toString('hex')] as const,
        ),
      ),
    );
  };
  const pixels = async (file: string) => sharp(path.join(folder, file)).extractChannel(0).raw().toBuffer();

  it('are the image clean and attacked, what was added, and both maps; nothing is left behind', async () => {
    const { attack, looks } = await expectNoLeak(() => draw(fgsm, 0.1));
    expect(attack).toBe('FGSM');
    expect(looks.map(({ condition, strength, label }) => [condition, strength, label])).toEqual(
      ['clean', 'attacked'].flatMap((one) =>
        ['a', 'b', 'c'].map((label) => [one, one === 'clean' ? 0 : 0.1, label]),
      ),
    );
    expect(Object.keys(await bytesOf())).toHaveLength(3 * 5);
    const [clean, attacked] = [looks[0], looks[3]];
    const [before, after, added] = [
      await pixels(clean.image),
      await pixels(attacked.image),
      await pixels(attacked.perturbation!),
    ];
    let changed = 0;
    for (let i = 0; i < before.length; i++) {
      expect(before[i]).toBe(test.pixels[144 * clean.sample + i]);
      const difference = (after[i] - before[i]) / 255;
      expect(Math.abs(difference)).toBeLessThanOrEqual(0.1 + 1 / 255);
      // ε fills half of the range, so a rounded pixel is 5 of these.
      expect(Math.abs(added[i] / 255 - (0.5 + 5 * difference))).toBeLessThanOrEqual(6 / 255);
      changed += Number(difference !== 0);
    }
    expect(changed).toBeGreaterThan(0);
  });

  it('are the same bytes each time, and drawn once', async () => {
    const attack = counted();
    const first = await draw(attack, 0.1);
    const bytes = await bytesOf();
    expect(await draw(attack, 0.1)).toEqual(first);
    expect(attack.runs).toBe(1);
    await rm(folder, { recursive: true });
    expect(await draw(attack, 0.1)).toEqual(first);
    expect(attack.runs).toBe(2);
    expect(await bytesOf()).toEqual(bytes);
  });

  it.each([
    ['lost', (file: string) => rm(file)],
    ['damaged', (file: string) => writeFile(file, 'no picture')],
    ['drawn over by another strength', () => draw(fgsm, 0.2)],
  ])('are drawn again where one was %s', async (_, harm) => {
    const attack = counted();
    const { looks } = await draw(attack, 0.1);
    const bytes = await bytesOf();
    await harm(path.join(folder, looks[3].heatmap));
    expect(await bytesOf()).not.toEqual(bytes);
    expect((await draw(attack, 0.1)).looks).toEqual(looks);
    expect(attack.runs).toBe(2);
    expect(await bytesOf()).toEqual(bytes);
  });

  it('stop where asked to, without a tensor left', async () => {
    const controller = new AbortController();
    const stopping: Attack = {
      ...fgsm,
      run: (...given) => {
        controller.abort(new Error('asked to stop'));
        return fgsm.run(...given);
      },
    };
    await expectNoLeak(async () => {
      const aborted = AbortSignal.abort(new Error('stopped before'));
      await expect(draw(fgsm, 0.1, aborted)).rejects.toThrow('stopped before');
      await expect(draw(stopping, 0.1, controller.signal)).rejects.toThrow('asked to stop');
    });
  });
});
