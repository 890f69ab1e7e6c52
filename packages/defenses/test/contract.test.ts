import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { attacks } from '@weightmap/attacks';
import { asClassifier, predictClasses, tensorsOf, WeightmapError, type Defense } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { afterEach, describe, expect, it } from 'vitest';
import { createDefense, type DefenseId } from '../src/index.js';
import {
  builtFor,
  few,
  rows,
  tinyChain,
  tinyData,
  tinyModel,
  tinySpec,
  trained,
  trainedWith,
} from './_tiny.js';

useEngine('cpu');

const folders: string[] = [];
const emptyFolder = async () => {
  folders.push(await mkdtemp(join(tmpdir(), 'weightmap-defenses-')));
  return folders.at(-1)!;
};
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Other options, for the defences without a strength. */
const changed: Partial<Record<DefenseId, object>> = {
  'defensive-distillation': { temperature: 2 },
  'fortified-network': { weight: 2 },
  'gmm-vae': { reconstruction: 2 },
};

/** Everything that a refusal says. */
function complaintAbout(refused: () => unknown): string {
  try {
    return `no refusal, but ${JSON.stringify(refused())}`;
  } catch (error) {
    if (error instanceof WeightmapError) return error.explain();
    throw error;
  }
}

/** Where the strength switches off the training alone: the options that switch off what is put around the network. */
const answersOff: Partial<Record<DefenseId, object>> = { 'stochastic-operators': { inputVariance: 0 } };

let baseline: ReturnType<typeof trainedWith> | undefined;
/** The result of a training without a defence, which runs once for all. */
const withoutDefense = () => (baseline ??= trainedWith(undefined));

describe.each(Object.keys(rows) as DefenseId[])('the defence %s', (id) => {
  const defense: Defense = rows[id];
  const options = few[id] ?? {};

  let known: ReturnType<typeof trained> | undefined;
  /** The result of a training without an interruption, which runs once. */
  const whole = () => (known ??= trained(id, options));

  it('says what it is, and which attacks know it', () => {
    expect(defense.id).toBe(id);
    expect(defense.label).not.toBe('');
    expect(defense.source).not.toBe('');
    expect(defense.kinds.length).toBeGreaterThan(0);
    expect(defense.adaptive.length).toBeGreaterThan(0);
    for (const { attack, why } of defense.adaptive) {
      expect(Object.keys(attacks)).toContain(attack);
      expect(why).not.toBe('');
    }
    expect(defense.gradients(defense.defaults)).toBeGreaterThanOrEqual(1);
  });

  it('has options of plain JSON, and refuses what it does not know', () => {
    expect(defense.parse(JSON.parse(JSON.stringify(defense.defaults)))).toEqual(defense.defaults);
    expect(defense.parse({})).toEqual(defense.defaults);
    expect(() => defense.parse({ epsilom: 0.1 })).toThrow(/options of the defence .* not valid/);
    expect(() => defense.parse([1])).toThrow(/not valid/);
    for (const name of Object.keys(defense.defaults))
      for (const wrong of [-1, 'much', Number.NaN])
        expect(complaintAbout(() => defense.parse({ [name]: wrong }))).toContain(`→ at ${name}\n`);
  });

  it.runIf(defense.strength !== null)('is the baseline where its strength is 0, bit for bit', async () => {
    expect(Object.keys(defense.defaults)).toContain(defense.strength);
    const baseline = await withoutDefense();
    const off = await trained(id, { ...options, [defense.strength!]: 0 });
    expect(off).toEqual(baseline);
    if (defense.objective) expect((await whole()).weights).not.toEqual(baseline.weights);
    if (!defense.wrap) return;
    const chosen = createDefense(id, { ...options, [defense.strength!]: 0, ...answersOff[id] });
    const { model } = builtFor(chosen, tinyChain);
    const network = asClassifier(model);
    const { classifier } = await defense.wrap(network, { data: tinyData, options: chosen.options, model });
    const { images, labels } = tensorsOf(tinyData.validation);
    const [bare, wrapped] = [network, classifier].map((one) =>
      tf.tidy(() => [...one.logits(images).dataSync()]),
    );
    expect(wrapped).toEqual(bare);
    tf.dispose([images, labels]);
    model.dispose();
  });

  it('trains to the same weights again after a stop in the middle of an epoch; leaves no tensor', () =>
    expectNoLeak(async () => {
      const uninterrupted = await whole();
      const checkpointDir = await emptyFolder();
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }) => done === 4 && controller.abort();
      await trained(id, options, { checkpointDir, signal: controller.signal, onProgress });
      expect(await trained(id, options, { checkpointDir, model: 2 })).toEqual(uninterrupted);
      if (!defense.objective) return;
      const other = { ...options, ...(defense.strength ? { [defense.strength]: 0.2 } : changed[id]) };
      await expect(trained(id, other, { checkpointDir })).rejects.toThrow(/belongs to another training run/);
    }));

  it.runIf('wrap' in defense)(
    'is wrapped around a network: deterministic logits, a threshold, no leaks',
    () =>
      expectNoLeak(async () => {
        const chosen = createDefense(id, options);
        const { model } = builtFor(chosen, tinyChain);
        const network = asClassifier(model);
        const request = { data: tinyData, options: chosen.options, model };
        const { classifier, rejection } = await defense.wrap!(network, request);
        expect(classifier.answers ?? classifier.classes).toBe(tinySpec.classes.length);
        const { images, labels } = tensorsOf(tinyData.validation);
        const [once, again] = [classifier, (await defense.wrap!(network, request)).classifier].map((made) =>
          tf.tidy(() => [...made.logits(images).dataSync()]),
        );
        expect(once.every(Number.isFinite)).toBe(true);
        expect(again).toEqual(once);
        if (rejection) {
          const suspicion = tf.tidy(() => [...rejection.suspicion(images).dataSync()]);
          const rejected = predictClasses(classifier, images).filter(
            (guess) => guess === tinySpec.classes.length,
          );
          expect(rejected.length).toBe(suspicion.filter((value) => value > rejection.threshold).length);
        }
        tf.dispose([images, labels]);
        model.dispose();
      }),
  );

  it.runIf('build' in defense)('builds a network of the images and classes, which is stored and read', () =>
    expectNoLeak(async () => {
      const { model, spec } = builtFor(createDefense(id, options), tinyModel);
      const { height, width, channels, classes } = spec;
      expect([model.inputs[0].shape, model.outputs[0].shape]).toEqual([
        [null, height, width, channels],
        [null, classes.length],
      ]);
      const again = await tf.models.modelFromJSON({ modelTopology: model.toJSON(null, false) as never });
      again.setWeights(model.getWeights());
      const { images, labels } = tensorsOf(tinyData.validation);
      const [made, read] = [model, again].map((one) =>
        tf.tidy(() => [...asClassifier(one).logits(images).dataSync()]),
      );
      expect(read).toEqual(made);
      tf.dispose([images, labels]);
      again.dispose();
      model.dispose();
    }),
  );

  it('gives its defaults, checked, by its id', () => {
    expect(createDefense(id)).toEqual({ defense, options: defense.defaults });
  });
});
