import * as tf from '@tensorflow/tfjs';
import { datasets } from '@weightmap/datasets';
import { startEngine } from '@weightmap/engine';
import { describe, expect, it } from 'vitest';
import { flops } from '@weightmap/metrics';
import { buildVariant } from '../src/plugins/components.js';
import { dryRun } from '../src/plan/dry-run.js';
import { estimateCell, measurePace } from '../src/plan/estimate.js';
import { makeRecord } from '@weightmap/test-utils/records';

describe('estimateCell', () => {
  it('adds up steps, validation, test images and every strength of every attacked image', () => {
    const { cell } = makeRecord();
    const made = {
      ...cell,
      dataset: { ...cell.dataset, train: 130, validation: 20, test: 50 },
      training: { ...cell.training, epochs: 2, batchSize: 64 },
      evaluation: { ...cell.evaluation, betas: [0, 1], epsilons: [0], robustnessImages: 30 },
    };
    // 2 epochs of 3 steps at 10 s; 2·20 + 50 + 3·30 images at 1 s.
    expect(estimateCell(made, { parameters: 1, step: 10, image: 1 })).toBe(60 + 180);
    const all = { ...made, evaluation: { ...made.evaluation, robustnessImages: null } };
    expect(estimateCell(all, { parameters: 1, step: 10, image: 1 })).toBe(60 + 40 + 50 + 150);
  });
});

describe('dryRun', () => {
  const cellOf = (variant: string, trial = 1) => {
    const { cell } = makeRecord({ variant, trial });
    return { ...cell, dataset: { ...cell.dataset, id: 'digits' } };
  };
  const specs = new Map([['digits', datasets.digits.spec]]);
  const timed: string[] = [];
  const measure = (variant: string) => {
    timed.push(variant);
    return Promise.resolve({ parameters: 0, step: 1, image: 0 });
  };
  const dry = (...variants: string[]) => {
    timed.length = 0;
    const cells = variants.flatMap((variant) => [cellOf(variant), cellOf(variant, 2)]);
    return dryRun({ cells, leftOut: [], specs }, { workers: 1, onNetwork: () => {}, measure });
  };

  it('times one network of each kind, and scales its time by the FLOPs of the others', async () => {
    const said = await dry('cnn-33', 'cnn-wide', 'cnn-33-k9', 'cnn-smooth-32', 'cnn-smooth-32-k9');
    expect(timed).toHaveLength(2);
    expect(said).toContain('a few steps of 2 of 5 networks, one of each kind, and the FLOPs of the others');
    const units = { d: 86_400, h: 3600, min: 60, s: 1 };
    const secondsOf = (variant: string) => {
      const [, about] = new RegExp(
        `digits +${variant} +.*? {2,}((?:\\d[\\d.]* (?:d|h|min|s) ?)+)$`,
        'm',
      ).exec(said)!;
      return [...about.matchAll(/([\d.]+) (d|h|min|s)/g)].reduce(
        (sum, [, amount, unit]) => sum + Number(amount) * units[unit as 's'],
        0,
      );
    };
    const flopsOf = (variant: string) => {
      const model = buildVariant(variant, { spec: datasets.digits.spec, seed: 0 });
      const { executed } = flops(model);
      model.dispose();
      return executed;
    };
    for (const [a, b] of [
      ['cnn-33-k9', 'cnn-33'],
      ['cnn-wide', 'cnn-33'],
      ['cnn-smooth-32-k9', 'cnn-smooth-32'],
    ])
      expect(secondsOf(a) / secondsOf(b) / (flopsOf(a) / flopsOf(b))).toBeCloseTo(1, 1);
  });

  it('says so if each network is timed', async () => {
    expect(await dry('cnn-33')).toContain('estimated from a few steps of the network');
    expect(await dry('cnn-33', 'cnn-smooth-32')).toContain('a few steps of each network');
    expect(timed.toSorted()).toEqual(['cnn-33', 'cnn-smooth-32']);
  });
});

describe('measurePace', () => {
  it('times a network, counts its parameters and leaves nothing behind', async () => {
    await startEngine();
    const before = tf.memory().numTensors;
    const { parameters, step, image } = await measurePace('cnn-33', datasets.digits.spec, 4);
    expect(parameters).toBe(261_070);
    expect(step).toBeGreaterThan(0);
    expect(image).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(before);
  });
});
