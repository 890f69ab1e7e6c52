// Defences in the grid: cells of their own beside unchanged plain ones, trained with teachers, resumed, measured behind the defence.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { asClassifier, tensorsOf, type Dataset, type Defense } from '@weightmap/core';
import { defenses } from '@weightmap/defenses';
import { startEngine } from '@weightmap/engine';
import { cellId, cellPaths, readCellRecord, type CellConfig } from '@weightmap/records';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { smoothingWeightMap, unsharpWeightMap } from '@weightmap/wm-layers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openNetwork } from '../src/attack/network.js';
import { runCell } from '../src/cells/run-cell.js';
import { trainCell } from '../src/cells/defended-network.js';
import { chooseDefenses } from '../src/plan/defense-choice.js';
import { expandGrid, selectVariants } from '../src/plan/grid.js';
import { adjustPreset, presets, type Preset } from '../src/plan/presets.js';
import { buildVariant, usePlugin } from '../src/plugins/components.js';
import { loadPlugin } from '../src/plugins/load-plugin.js';
import { rectangles } from './_rectangles.js';

useEngine();

const spec = { height: 12, width: 12, channels: 1, classes: ['a', 'b', 'c'] };
const images = rectangles(spec, 18);
const dataset: Dataset = {
  ...{ id: 'digits', label: 'rectangles', source: 'made', checksum: 'a'.repeat(64), notes: [], spec },
  ...{ train: images, validation: images, test: images },
};
const { smoke } = presets;
const preset: Preset = {
  ...smoke,
  training: { ...smoke.training, batchSize: 9 },
  evaluation: { ...smoke.evaluation, betas: [0], epsilons: [0] },
};
const cellsOf = (...texts: string[]): CellConfig[] =>
  expandGrid(selectVariants(['cnn-33']), dataset, preset, 1, chooseDefenses(texts));

let run: string;
beforeEach(async () => {
  vi.stubEnv('WEIGHTMAP_COMPILE', 'off');
  run = await mkdtemp(path.join(tmpdir(), 'weightmap-defended-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(run, { recursive: true, force: true });
});

describe('a grid with defences', () => {
  it('has the plain cells as they are without, and a cell of its own for each defence', () => {
    const plain = expandGrid(selectVariants(['cnn-33']), dataset, preset, 1);
    const [none, defended, weaker] = cellsOf('none', 'pgd-training', 'pgd-training:steps=7:epsilon=8/255');
    expect([none]).toStrictEqual(plain);
    expect(Object.keys(none)).not.toContain('defense');
    expect([defended.variant, weaker.variant]).toEqual([
      'cnn-33+pgd-training',
      `cnn-33+pgd-training+epsilon-${8 / 255}+steps-7`,
    ]);
    expect(defended.defense).toEqual({ id: 'pgd-training', options: defenses['pgd-training'].defaults });
    expect(defended.names?.label).toBe('CNN, conv 33 + PGD training');
    const all = [none, defended, weaker];
    expect(new Set(all.map(cellId)).size).toBe(3);
    expect(new Set(all.map((cell) => cellPaths(run, cell).folder)).size).toBe(3);
    expect(cellId({ ...defended, defense: weaker.defense })).not.toBe(cellId(defended));
  });

  it.each([
    ['pgd-trainin', /pgd-training/],
    ['pgd-training:steps', /not an option/],
    ['pgd-training:steps=0', /options of the defence pgd-training/],
    ['pgd-training:radius=1', /options of the defence pgd-training/],
  ])('refuses %s', (text, message) => {
    expect(() => chooseDefenses([text])).toThrow(message);
  });

  it('refuses the same defence twice, however its options are written', () => {
    expect(() => chooseDefenses(['trades', 'trades:beta=1'])).toThrow(/twice/);
  });

  it('has every defence in its presets, by names and options that exist', () => {
    for (const name of ['defenses', 'defenses-quick'] as const) {
      const chosen = chooseDefenses(presets[name].defenses);
      expect(chosen[0]).toBeNull();
      expect(chosen.slice(1).map((choice) => choice?.id)).toEqual(
        expect.arrayContaining(Object.keys(defenses)),
      );
    }
  });
});

describe('bidirectional learning', () => {
  it.each([
    ['smoothing', smoothingWeightMap({ filters: 3, useBias: false, seed: 1 })],
    [
      'wide smoothing',
      smoothingWeightMap({ filters: 2, kernelSize: 5, padding: 1, useBias: false, seed: 1 }),
    ],
    ['unsharp', unsharpWeightMap({ filters: 3, useBias: false, seed: 1 })],
  ])('generates images by the adjoint of a weight map layer, as its gradient has it: %s', (_, layer) => {
    const row: Defense = defenses['bidirectional-learning'];
    const dense = tf.layers.dense({
      units: 3,
      kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
    });
    const model = tf.sequential({
      layers: [tf.layers.inputLayer({ inputShape: [12, 12, 1] }), layer, tf.layers.flatten(), dense],
    });
    const objective = row.objective!({ options: row.defaults, spec, seed: 1, teachers: [], model })!;
    tf.tidy(() => {
      const { images: x, labels } = tensorsOf(images);
      const frozen = asClassifier(model);
      const net = { frozen, crossEntropy, logits: (at: tf.Tensor4D) => frozen.logits(at) };
      const codes = tf.oneHot(labels, 3).cast('float32');
      const maps = codes.matMul(dense.getWeights()[0], false, true).relu();
      const forth = (at: tf.Tensor) => (layer.apply(at) as tf.Tensor).reshape(maps.shape).mul(maps).sum();
      const z = tf.grad(forth)(x);
      const generated = tf.losses.sigmoidCrossEntropy(x.reshape([18, -1]), z.reshape([18, -1]));
      const expected = crossEntropy(frozen.logits(x), labels).add(generated).dataSync()[0];
      expect(objective.loss(net, { images: x, labels }, {}).dataSync()[0]).toBeCloseTo(expected, 4);
    });
    tf.dispose([...objective.auxiliary!]);
    model.dispose();
  });
});

describe('a defended network', () => {
  const training = { onNote: () => {}, checkpointSeconds: 0 };
  const weightsOf = (model: tf.LayersModel) => model.getWeights().map((weight) => [...weight.dataSync()]);

  it('is trained after its teacher, and has the same weights after an interruption in either', async () => {
    const [cell] = cellsOf('defensive-distillation');
    const trainIn = async (folder: string, steps: readonly number[]) => {
      let trained: Awaited<ReturnType<typeof trainCell>>;
      for (const stopAfter of [...steps, Infinity]) {
        const model = buildVariant(cell.variant, { spec, seed: cell.seed });
        const stop = new AbortController();
        let done = 0;
        const onProgress = () => void (++done === stopAfter && stop.abort());
        trained = await trainCell(model, cell, {
          ...training,
          run: folder,
          dataset,
          signal: stop.signal,
          onProgress,
        });
        expect(trained.stopped).toBe(stopAfter !== Infinity);
        const weights = weightsOf(model);
        model.dispose();
        if (!trained.stopped) return weights;
      }
      throw new Error('it never ends');
    };
    const whole = await trainIn(path.join(run, 'whole'), []);
    // Two steps an epoch: the first stop is in the teacher's training, the second in the network's own.
    expect(await trainIn(path.join(run, 'stopped'), [1, 2])).toEqual(whole);
  });

  it('is that of the epoch with the lowest error under PGD, where the selection is robust; so is its teacher', async () => {
    const robust = adjustPreset('smoke', { selection: 'robust', selectionEpsilon: 0.05, epochs: 2 });
    const { training: own } = robust;
    expect([own.selection, own.selectionEpsilon]).toEqual(['robust', 0.05]);
    const variants = selectVariants(['cnn-33']);
    const [cell] = expandGrid(variants, dataset, robust, 1, chooseDefenses(['defensive-distillation']));
    const model = buildVariant(cell.variant, { spec, seed: cell.seed });
    const { history, selectedEpoch } = await trainCell(model, cell, { ...training, run, dataset });
    model.dispose();
    const errors = history.map(({ validationRobustErrorPercent }) => validationRobustErrorPercent!);
    expect(errors).toHaveLength(2);
    expect(errors[selectedEpoch - 1]).toBe(Math.min(...errors));
    expect(adjustPreset('smoke', { selection: 'robust' }).training.selectionEpsilon).toBe(0.1);
    expect(() => adjustPreset('smoke', { selectionEpsilon: 0.1 })).toThrow(
      /selection last .* uses no attack/,
    );
    expect(() => adjustPreset('smoke', { selection: 'best', selectionEpsilon: 0.1 })).toThrow(/no attack/);
    expect(Object.keys(adjustPreset('smoke', { selection: 'best' }).training)).not.toContain(
      'selectionEpsilon',
    );
  });

  it('is the plain one, bit for bit, where the defence is switched off', async () => {
    const [plain, off] = cellsOf('none', 'fgsm-training:epsilon=0');
    const weights = [];
    for (const cell of [plain, off]) {
      const model = buildVariant(cell.variant, { spec, seed: cell.seed });
      await trainCell(model, cell, { ...training, run, dataset });
      weights.push(weightsOf(model));
      model.dispose();
    }
    expect(weights[1]).toEqual(weights[0]);
  });

  it('is trained by the defence of a plugin, and is the baseline, bit for bit, where that is off', async () => {
    const example = path.resolve(import.meta.dirname, '../../../examples/plugin/label-smoothing.mjs');
    usePlugin(await loadPlugin(example));
    const weights: unknown[] = [];
    for (const cell of cellsOf('none', 'label-smoothing:smoothing=0', 'label-smoothing')) {
      const model = buildVariant(cell.variant, { spec, seed: cell.seed });
      await trainCell(model, cell, { ...training, run, dataset });
      weights.push(weightsOf(model));
      model.dispose();
    }
    expect(weights[1]).toEqual(weights[0]);
    expect(weights[2]).not.toEqual(weights[0]);
  });

  it('is measured behind its defence: a rejected image is an error, and Grad-CAM explains the classes of the data', async () => {
    const [cell] = cellsOf('noisy-training');
    const rejectsAll: Pick<Defense, 'wrap'> = {
      wrap: (network) =>
        Promise.resolve({
          classifier: {
            ...network,
            classes: network.classes + 1,
            answers: network.classes,
            logits: (x) => {
              const logits = network.logits(x);
              const largest = logits.max<tf.Tensor2D>(1, true);
              return logits.concat(largest.add<tf.Tensor2D>(1), 1);
            },
          },
        }),
    };
    const row: Defense = defenses['noisy-training'];
    Object.assign(row, rejectsAll);
    try {
      const record = await runCell(cell, {
        ...{ run, dataset, gradCamSamples: 1, tensorboard: false, isOurs: () => true },
        engine: await startEngine({}),
        signal: new AbortController().signal,
      });
      expect(record?.missing).toBeUndefined();
      expect(record?.testErrorPercent).toBe(100);
      // Under noise and attacks, an image that is rejected isn't taken for another class.
      expect(record?.noise).toEqual([{ beta: 0, errorPercent: 0 }]);
      expect(record?.gradCam.map(({ predicted }) => spec.classes.includes(predicted))).toContain(true);
      expect((await readCellRecord(run, cell))?.cell.defense).toEqual(cell.defense);
    } finally {
      delete (row as { wrap?: unknown }).wrap;
    }
  });

  it.each([
    ['null-labelling', 4],
    ['extended-distillation', 4],
    ['hypernetwork', 3],
    ['noise-aware', 3],
    ['fortified-network', 3],
    ['gmm-vae', 3],
  ])('is the one that its defence builds: %s', async (text, logits) => {
    const [cell] = cellsOf(text);
    const record = await runCell(cell, {
      ...{ run, dataset, gradCamSamples: 1, tensorboard: false, isOurs: () => true },
      engine: await startEngine({}),
      signal: new AbortController().signal,
    });
    expect(record?.missing).toBeUndefined();
    for (const { predicted } of record?.gradCam ?? []) expect(spec.classes).toContain(predicted);
    const opened = await openNetwork(cellPaths(run, cell).weights, cell.defense, () =>
      Promise.resolve(dataset),
    );
    expect(opened.model.outputs[0].shape.at(-1)).toBe(logits);
    expect([opened.classifier.answers ?? opened.classifier.classes, opened.network.classes]).toEqual([3, 3]);
    opened.dispose();
  });
});
