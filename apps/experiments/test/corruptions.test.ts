import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { attacks, corruptions, type AttackId } from '@weightmap/attacks';
import {
  asClassifier,
  firstOf,
  imageSet,
  randomStream,
  type CellConfig,
  type Dataset,
} from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import { measureCorruptions } from '@weightmap/metrics';
import { loadModel, saveModel } from '@weightmap/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import {
  baselinesOf,
  compareCorrupted,
  corruptedNetworksSchema,
} from '../src/attacked/corrupted-networks.js';
import { corruptionTable } from '../src/attacked/corruption-table.js';
import { corruptCell } from '../src/cells/corrupt-cell.js';
import { cellPaths } from '../src/records/index.js';
import { corruptionCsv } from '../src/report/corruptions-section.js';
import { makeRecord } from './make-record.js';

/** Gray images of random bytes. */
function madeData(count: number): Dataset {
  const spec = { height: 8, width: 8, channels: 1, classes: [...'0123456789'] };
  const bytes = Uint8Array.from(randomStream(1, 'pixels').uniforms(count * 64, 0, 256));
  const test = imageSet(
    spec,
    bytes,
    Uint8Array.from({ length: count }, (_, i) => i % 10),
  );
  return {
    ...{ id: 'mnist', label: 'made', spec, train: test, validation: test, test },
    ...{ checksum: 'made', source: 'this test', notes: [] },
  };
}

const cellOf = (variant: string, trial = 1): CellConfig => makeRecord({ variant, trial }).cell;

describe('the comparison with a baseline', () => {
  const [plain, wide, later] = [cellOf('cnn-33'), cellOf('cnn-smooth-32'), cellOf('cnn-smooth-32', 2)];

  it('takes the baseline of the same dataset and trial', () => {
    const second = cellOf('cnn-33', 2);
    const found = baselinesOf([wide, later, plain], [plain, wide, later, second], 'cnn-33');
    expect([...found]).toEqual([
      [wide, plain],
      [later, second],
      [plain, plain],
    ]);
  });

  it('says which is missing', () => {
    expect(() => baselinesOf([wide, later], [plain, wide, later], 'cnn-33')).toThrow(
      'The baseline cnn-33 is not trained on mnist, trial 2.',
    );
  });

  it('has 100 for the baseline, and goes into table and CSV', () => {
    const errors = new Map([
      [
        plain,
        { benchmark: 'mnist-c', errors: { clean: 1, corrupted: { contrast: [2, 4], brightness: [3, 7] } } },
      ],
      [
        wide,
        { benchmark: 'mnist-c', errors: { clean: 2, corrupted: { contrast: [2, 1], brightness: [9, 11] } } },
      ],
    ]);
    const both = new Map([
      [plain, plain],
      [wide, plain],
    ]);
    const compared = compareCorrupted(both, errors, { baseline: 'cnn-33', images: 50 });
    expect(corruptedNetworksSchema.parse(compared)).toEqual(compared);
    expect(compared.cells.map(({ mce, relativeMce }) => [mce, relativeMce])).toEqual([
      [100, 100],
      // 3/6 and 20/10; −1/4 and 16/8.
      [expect.closeTo(125), expect.closeTo((-25 + 200) / 2)],
    ]);
    const table = corruptionTable(compared).split('\n');
    expect(table[0]).toMatch(/error, % +clean +contrast +brightness +mCE +relative mCE/);
    expect(table[2]).toMatch(/cnn-smooth-32 on mnist, trial 1 +2\.0 +1\.5 +10\.0 +125\.0 +87\.5/);
    expect(table[3]).toContain('against cnn-33 of the same dataset and trial');
    expect(corruptionCsv(compared)).toContain('cnn-smooth-32,mnist,1,mnist-c,brightness,2,11,200,200,cnn-33');
  });
});

describe('a cell under corruptions', () => {
  let run: string;
  beforeAll(async () => {
    run = await mkdtemp(path.join(tmpdir(), 'weightmap-corruptions-'));
  });
  afterAll(() => rm(run, { recursive: true, force: true }));

  it('has the errors of the benchmark, kept by severity', async () => {
    const engine = await startEngine();
    const cell = cellOf('cnn-33');
    const paths = cellPaths(run, cell);
    const made = tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [8, 8, 1] }),
        tf.layers.dense({ units: 10, kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }) }),
      ],
    });
    await saveModel(made, paths.weights);
    made.dispose();
    const dataset = madeData(30);
    const options = { run, dataset, engine, images: 30, signal: new AbortController().signal };
    const found = await corruptCell(cell, options);

    const model = await loadModel(paths.weights);
    const table = Object.entries(corruptions['mnist-c']).map(([id, severities]) => ({
      noise: attacks[id as AttackId](),
      severities,
    }));
    const set = firstOf(dataset.test, 30);
    const direct = await measureCorruptions(asClassifier(model), set, table, {
      seed: cell.seed,
      batchSize: 100,
    });
    model.dispose();
    expect(found).toEqual(direct);

    // What is stored is taken, not measured: a made-up error stays.
    const file = path.join(paths.evaluation, 'corruption-contrast.json');
    const { content } = JSON.parse(readFileSync(file, 'utf8')) as {
      content: { entries: Record<string, number> };
    };
    expect(Object.values(content.entries)).toEqual(direct.corrupted.contrast);
    const stages: string[] = [];
    expect(await corruptCell(cell, { ...options, onProgress: ({ stage }) => stages.push(stage) })).toEqual(
      found,
    );
    expect(stages).toEqual([]);

    const abort = new AbortController();
    abort.abort(new Error('enough'));
    await expect(corruptCell(cell, { ...options, signal: abort.signal })).rejects.toThrow('enough');
  });
});
