// Lists in a configuration file: which cells they give, how these are named, and what is refused.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import {
  cellId,
  cellName,
  defenseNamed,
  plainVariant,
  readRecords,
  settingsNamed,
  sweptVariant,
  unsweptVariant,
  writeRecord,
  type SweptSettings,
} from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonSchema } from '../src/commands/schema.js';
import { trialSeed } from '../src/plan/grid.js';
import { planGrid } from '../src/plan/plan-grid.js';
import { adjustPreset } from '../src/plan/presets.js';
import { readRunConfig } from '../src/plan/run-config.js';
import { checkSize, settingsOf, splitSweep, sweepText, type Sweep } from '../src/plan/sweep.js';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-sweep-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

async function config(text: string) {
  const file = path.join(work, 'study.yaml');
  await writeFile(file, text);
  return readRunConfig(file);
}
const explained = (error: unknown) => (error instanceof WeightmapError ? error.explain() : String(error));
const refusal = (text: string) => config(text).then(() => 'read', explained);

/** A plan on MNIST's published sizes. */
async function cellsOf(sweep: Sweep, defenses?: string[]) {
  const swept = settingsOf(sweep).map((settings) => ({ settings, preset: adjustPreset('quick', settings) }));
  const { cells } = await planGrid(swept[0].preset, {
    ...{ seed: sweep.seed?.[0] ?? 1, offline: false, estimate: true, dataDir: work },
    ...{ select: ['cnn-33', 'cnn-smooth-32'], datasets: ['digits'], defenses, swept, seeds: sweep.seed },
    onNote: () => {},
  });
  return cells;
}

describe('lists of a configuration file', () => {
  it('are values, and ranges of whole numbers; everything else is as without lists', async () => {
    const read = await config(
      'learningRate: [1e-3, 3e-4]\nepochs: 2..4\nseed: -1..1\ntrials: 2\nselect: [cnn-33]\n',
    );
    expect(splitSweep(read)).toEqual({
      single: { trials: 2, select: ['cnn-33'] },
      sweep: { learningRate: [0.001, 0.0003], epochs: [2, 3, 4], seed: [-1, 0, 1] },
    });
    expect(splitSweep(await config('learningRate: 1e-3\nseed: 3\n'))).toEqual({
      single: { learningRate: 0.001, seed: 3 },
      sweep: {},
    });
  });

  it.each([
    ['learningRate: []', 'learningRate', 'at least one value'],
    ['learningRate: [1e-3, 0.001]', 'learningRate', 'given twice'],
    ['learningRate: [1e-3, 0]', 'learningRate', 'above 0'],
    ['learningRate: 1..5', 'learningRate', 'A number above 0 is expected, or a list'],
    ['epochs: 0..3', 'epochs', 'from 1'],
    ['seed: 5..1', 'seed', 'at least one value'],
    ['seed: 1..100000', 'seed', 'At most 1000 values'],
    ['seed: [1, 1]', 'seed', 'given twice'],
    ['seed: 1..2..3', 'seed', 'a range such as 1..5'],
    ['selection: [best, worst]', 'selection', 'selection'],
    ['trials: [1, 2]', 'trials', 'trials'],
  ])('%s is refused', async (text, key, reason) => {
    const said = await refusal(`${text}\n`);
    expect(said).toContain('study.yaml');
    expect(said).toContain(key);
    expect(said).toContain(reason);
  });

  it('are allowed by the JSON Schema that editors use', () => {
    const { properties } = JSON.parse(jsonSchema('config')) as {
      properties: Record<string, { anyOf?: unknown[] }>;
    };
    const swept = Object.keys(properties).filter((key) => properties[key].anyOf);
    expect(swept.sort()).toEqual(['epochs', 'learningRate', 'seed', 'selection', 'selectionEpsilon']);
    expect(properties.seed.anyOf).toContainEqual(
      expect.objectContaining({ pattern: expect.any(String) as string }),
    );
  });
});

describe('the cells of a sweep', () => {
  it('are variants × settings × seeds, each with a place, a name and an identity of its own', async () => {
    const cells = await cellsOf({ learningRate: [0.001, 0.0003], epochs: [2, 3], seed: [5, 6] });
    expect(cells).toHaveLength(2 * 4 * 2);
    expect(new Set(cells.map(cellId)).size).toBe(16);
    expect(cells.map(cellName)).toContain('cnn-33+learningRate=0.0003+epochs=3 trial 2');
    const one = cells.find(
      ({ variant, trial }) => variant === 'cnn-33+learningRate=0.0003+epochs=3' && trial === 2,
    )!;
    expect(one.training).toMatchObject({ learningRate: 0.0003, epochs: 3 });
    expect(one.names!.label).toBe('CNN, conv 33 (learning rate 0.0003, epochs 3)');
    expect(one.seed).toBe(trialSeed(6, 1));
    // All networks see the same images.
    expect(new Set(cells.map(({ dataset }) => JSON.stringify(dataset))).size).toBe(1);
  });

  it('keep their names when a list grows, so that finished ones stay', async () => {
    const before = (await cellsOf({ learningRate: [0.001], seed: [1] })).map(cellId);
    const after = (await cellsOf({ learningRate: [0.001, 0.01], seed: [1, 2] })).map(cellId);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it('are the same as ever without a sweep', async () => {
    const [cell] = await cellsOf({});
    expect(cell).toMatchObject({ variant: 'cnn-33', trial: 1, seed: trialSeed(1, 1) });
    expect(cell).not.toHaveProperty('names');
  });

  it('have their settings behind a defence', async () => {
    const cells = await cellsOf({ epochs: [2] }, ['none', 'fgsm-training:epsilon=0.1']);
    expect(cells.map(({ variant }) => variant).slice(0, 2)).toEqual([
      'cnn-33+epochs=2',
      'cnn-33+fgsm-training+epsilon-0.1+epochs=2',
    ]);
    expect(cells[1].names!.label).toBe('CNN, conv 33 + FGSM training (epsilon 0.1) (epochs 2)');
  });

  it('are at most ten thousand', () => {
    const many = Array.from({ length: 1000 }, (_, i) => i + 1);
    expect(() => settingsOf({ epochs: many, learningRate: many })).toThrow(/give 1,000,000 cells or more/);
    expect(() => checkSize({ seed: many }, 10_001)).toThrow(/10,001 cells/);
    expect(() => checkSize({}, 10_001)).not.toThrow();
    expect(settingsOf({ seed: many })).toEqual<SweptSettings[]>([{}]);
  });

  it('of a combination that can’t be trained are refused', () => {
    const settings = settingsOf({ selection: ['robust', 'best'], selectionEpsilon: [0.1] });
    expect(() => settings.map((one) => adjustPreset('quick', one))).toThrow(
      /selection best of the epoch uses no attack/,
    );
  });
});

describe('a record of a sweep', () => {
  it('names what its network was trained with, or is not written', async () => {
    const run = path.join(work, 'run');
    const names = { label: 'CNN', shortLabel: 'CNN', kinds: ['conv' as const], architecture: 'CNN' };
    const written = (variant: string) =>
      writeRecord(run, makeRecord({ variant, names })).then(String, explained);
    await written('cnn-33+epochs=300');
    expect(await written('cnn-33+batches=3')).toContain(
      'variant is cnn-33+batches=3, the cell has no batches',
    );
    expect(await written('cnn-33+epochs=30')).toContain(
      'variant is cnn-33+epochs=30, the cell has epochs 300',
    );
    const { records, damaged } = await readRecords(run);
    expect([records.map(({ record }) => record.variant), damaged]).toEqual([['cnn-33+epochs=300'], []]);
  });

  it('tells settings and a defence apart', () => {
    const variant = sweptVariant('cnn-33+trades', { learningRate: 1e-7, selection: 'best' });
    expect(variant).toBe('cnn-33+trades+learningRate=1e-7+selection=best');
    expect(settingsNamed(variant)).toEqual({ learningRate: '1e-7', selection: 'best' });
    expect([plainVariant(variant), unsweptVariant(variant), defenseNamed(variant)]).toEqual([
      'cnn-33',
      'cnn-33+trades',
      'trades',
    ]);
    expect(defenseNamed('cnn-33+epochs=3')).toBeNull();
  });
});

it('a sweep is described in one line', () => {
  expect(sweepText({ learningRate: [0.001, 0.01], seed: [1, 2] }, 3)).toBe(
    'learning rate 0.001 and 0.01; seed 1 and 2 (trials 1–6)',
  );
  expect(sweepText({}, 3)).toBeNull();
});
