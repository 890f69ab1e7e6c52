// Which rows run on which data, for how long, and what happens where the data isn't there.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { variants } from '@weightmap/architectures';
import { NotFoundError, WeightmapError } from '@weightmap/core';
import type { CellConfig } from '@weightmap/records';
import { writeMadeIwildcam } from '@weightmap/test-utils';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isEvidence, paperRows } from '@weightmap/report';
import { budgetOf, placeVariants, selectVariants } from '../src/plan/grid.js';
import { planGrid, type PlanOptions } from '../src/plan/plan-grid.js';
import { adjustPreset, presets, type Preset } from '../src/plan/presets.js';

const all = variants.map(({ id }) => id);
const ids = (...patterns: string[]) => selectVariants(patterns).map(({ id }) => id);

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-plan-'));
  vi.stubEnv('WEIGHTMAP_DATA', '');
  vi.stubEnv('XDG_CACHE_HOME', process.env.WEIGHTMAP_TEST_CACHE ?? path.join(work, 'cache'));
  await writeMadeIwildcam(path.join(work, 'wild/iwildcam'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(work, { recursive: true, force: true });
});

describe('a preset changed by options', () => {
  it('has the selection of the epoch and the rule of the noise in every cell, budgets or not', async () => {
    const changed = adjustPreset('reproduction', { selection: 'last', noiseRescale: 'bound', epochs: 4 });
    const { cells } = await plan(changed, { estimate: true, offline: false });
    expect(cells.length).toBeGreaterThan(0);
    for (const { training, evaluation } of cells) {
      expect(training).toMatchObject({ selection: 'last', epochs: 4 });
      expect(evaluation).toEqual({ ...presets.reproduction.evaluation, noiseRescale: 'bound' });
    }
  });
});

describe('a selection', () => {
  it('of an empty pattern, or of one that no regular expression holds, is refused', () => {
    for (const pattern of ['', '!', 'y'.repeat(20_000)])
      expect(() => ids(pattern), pattern.slice(0, 9)).toThrow(/pattern has \d+ characters/);
  });

  it('leaves out what is marked by !, wherever it is in the list', () => {
    const rest = all.filter((id) => id !== 'cnn-wide');
    expect(ids('*', '!cnn-wide')).toEqual(rest);
    expect(ids('!cnn-wide', '*')).toEqual(rest);
    expect(ids('cnn-*', '!*-k9', '!cnn-wide')).toEqual(
      all.filter((id) => id.startsWith('cnn-') && !id.endsWith('-k9') && id !== 'cnn-wide'),
    );
  });

  it('of exclusions alone is every row but those', () =>
    expect(ids('!cnn-*', '!resnet-conv')).toEqual(
      all.filter((id) => !id.startsWith('cnn-') && id !== 'resnet-conv'),
    ));

  it('of an unknown row is refused, excluded or not, and one that leaves nothing, too', () => {
    expect(() => ids('*', '!cnn-wid')).toThrow('no variant "cnn-wid". Did you mean "cnn-wide"?');
    expect(() => ids('cnn-33', '!cnn-*')).toThrow('leaves no variant');
  });
});

describe('rows on datasets', () => {
  const rows = selectVariants(['*']);
  const counts = (options: Parameters<typeof placeVariants>[1]) =>
    Object.fromEntries([...placeVariants(rows, options)].map(([id, placed]) => [id, placed.length]));

  it('are the paper’s: 19 on MNIST, 6 on CIFAR-10 and on iWildCam', () => {
    expect(counts({})).toEqual({ mnist: 19, cifar10: 6, iwildcam: 6 });
    for (const [dataset, placed] of placeVariants(rows, { datasets: ['mnist', 'cifar10'] }))
      expect(placed.map(({ id }) => id)).toEqual(
        paperRows.filter((row) => row.dataset === dataset).map(({ variant }) => variant),
      );
  });

  it('selected by name run on every named dataset, unless only the paper’s are wanted', () => {
    const datasets = ['mnist', 'cifar10'];
    expect(counts({ datasets, named: true })).toEqual({ mnist: 19, cifar10: 19 });
    expect(counts({ datasets, named: true, paperRows: true })).toEqual({ mnist: 19, cifar10: 6 });
  });

  it('on a substitute are those of the dataset it replaces; on other images all or, on request, none', () => {
    expect(counts({ datasets: ['digits', 'iwildcam-2class'] })).toEqual({ digits: 19, 'iwildcam-2class': 6 });
    expect(counts({ datasets: ['mine'] })).toEqual({ mine: 19 });
    expect(counts({ datasets: ['mine'], paperRows: true })).toEqual({ mine: 0 });
  });
});

/** A plan without any data, as `--dry-run` makes it, and what it said. */
async function plan(preset: Preset, options: Partial<PlanOptions> = {}) {
  const notes: string[] = [];
  const found = await planGrid(preset, {
    seed: 1,
    offline: true,
    onNote: (note) => void notes.push(note),
    ...options,
  });
  return { ...found, said: notes.join('\n') };
}
const countBy = (cells: readonly CellConfig[], key: (cell: CellConfig) => string) => {
  const counts: Record<string, number> = {};
  for (const cell of cells) counts[key(cell)] = (counts[key(cell)] ?? 0) + 1;
  return counts;
};

describe('a plan', () => {
  const estimate = { estimate: true, offline: false };

  it('of MNIST and CIFAR-10 has the paper’s rows on them, three trials each', async () => {
    const standard = adjustPreset('standard', {});
    const counts = async (select?: string[], paperRows?: boolean) => {
      const { cells } = await plan(standard, {
        ...estimate,
        datasets: ['mnist', 'cifar10'],
        select,
        paperRows,
      });
      return countBy(cells, ({ dataset }) => dataset.id);
    };
    expect(await counts()).toEqual({ mnist: 3 * 19, cifar10: 3 * 6 });
    expect(await counts(['*'])).toEqual({ mnist: 3 * 19, cifar10: 3 * 6 });
    expect(await counts(['*', '!cnn-wide'])).toEqual({ mnist: 3 * 18, cifar10: 3 * 6 });
    expect(await counts(['resnet-*'])).toEqual({ mnist: 3 * 5, cifar10: 3 * 5 });
    expect(await counts(['resnet-*'], true)).toEqual({ mnist: 3 * 5, cifar10: 3 * 3 });
    await expect(counts(['cnn-*'], true)).rejects.toThrow('none of the selected variants on cifar10');
  });

  it('leaves out the rows of missing datasets and says how to add them', async () => {
    const { cells, leftOut, said } = await plan(adjustPreset('standard', { trials: 1 }), {
      dataDir: path.join(work, 'wild'),
      imagesPerClass: 12,
      command: 'weightmap run standard --trials 1',
    });
    expect(countBy(cells, ({ dataset }) => dataset.id)).toEqual({ iwildcam: 6 });
    expect(leftOut.map(({ label, cells }) => [label, cells.length])).toEqual([
      ['MNIST', 19],
      ['CIFAR-10', 6],
    ]);
    const [mnist, cifar10] = said.split('\n').filter((line) => line.includes('left out'));
    expect(mnist).toMatch(
      /^MNIST is not on this machine: 19 variants left out \(cnn-wide, .*densenet-alternating-unsharp\)/,
    );
    expect(cifar10).toMatch(
      /^CIFAR-10 .* 6 variants left out .*run `weightmap run standard --trials 1` again$/,
    );
  });

  it('uses the digits for MNIST where the preset allows it, and nowhere else', async () => {
    const { cells, said } = await plan(adjustPreset('smoke', {}));
    expect(countBy(cells, ({ dataset }) => dataset.id)).toEqual({ digits: 19 });
    expect(said).toContain('replaced by the procedural digits');
    expect(said).toMatch(/CIFAR-10 .* 6 variants left out/);
    expect(said).toMatch(/iWildCam .* 6 variants left out/);
  });

  it('is refused where nothing is left, and where a dataset that was named is missing', async () => {
    const nothing = plan(adjustPreset('standard', {}));
    await expect(nothing).rejects.toThrow('No variant can run: MNIST, CIFAR-10 and iWildCam are missing');
    for (const name of ['smoke', 'standard'])
      await expect(plan(adjustPreset(name, {}), { datasets: ['mnist'] })).rejects.toThrow(NotFoundError);
  });

  it('is refused where data is damaged, whatever the preset, also as an estimate', async () => {
    const folder = path.join(work, 'damaged/mnist');
    await mkdir(folder, { recursive: true });
    const names = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'];
    for (const name of names) await writeFile(path.join(folder, `${name}-ubyte`), 'no image');
    for (const [name, asked] of [
      ['smoke', {}],
      ['standard', {}],
      ['standard', estimate],
    ] as const) {
      const damaged = plan(adjustPreset(name, {}), { ...asked, dataDir: path.join(work, 'damaged') });
      await expect(damaged).rejects.toThrow(WeightmapError);
      await expect(damaged).rejects.not.toThrow(NotFoundError);
    }
  });

  it('as an estimate needs no data: published sizes, no identity', async () => {
    const { cells, leftOut, said } = await plan(adjustPreset('standard', { trials: 1 }), estimate);
    expect(countBy(cells, ({ dataset }) => dataset.id)).toEqual({ mnist: 19, cifar10: 6 });
    expect(said).toMatch(/MNIST .*the estimate uses its published sizes\. It will be downloaded/);
    const sizes = ({ dataset: { train, validation, test } }: CellConfig) => [train, validation, test];
    expect(sizes(cells.find(({ dataset }) => dataset.id === 'mnist')!)).toEqual([54_000, 6000, 10_000]);
    expect(sizes(cells.find(({ dataset }) => dataset.id === 'cifar10')!)).toEqual([45_000, 5000, 10_000]);
    expect(leftOut.map(({ label }) => label)).toEqual(['iWildCam']);
    expect(leftOut[0].cells.map(sizes)).toEqual(Array(6).fill([7000, 2000, 1000]));

    const offline = await plan(adjustPreset('standard', {}), { estimate: true });
    expect(offline.cells).toEqual([]);
    expect(offline.leftOut.map((part) => part.cells.length)).toEqual([3 * 19, 3 * 6, 3 * 6]);
  });

  it('has every row once before any row twice', async () => {
    const { cells } = await plan(adjustPreset('reproduction', {}), estimate);
    const trials = cells.map(({ trial }) => trial);
    expect(trials).toEqual([...trials].sort((a, b) => a - b));
  });
});

describe('the preset reproduction', () => {
  const preset: Preset = presets.reproduction;

  it('has the paper’s rows on MNIST and CIFAR-10 but cnn-wide, each with its budget', async () => {
    const { cells } = await plan(preset, { estimate: true, offline: false });
    const expected = paperRows
      .filter(({ table, variant }) => table <= 6 && variant !== 'cnn-wide')
      .map(({ dataset, variant }) => {
        const trials = variant.startsWith('cnn-') && variant !== 'cnn-33-k9' ? 5 : 3;
        const epochs = variant.startsWith('cnn-') ? 20 : 10;
        return [`${dataset}/${variant}/${epochs}`, trials] as const;
      });
    expect(expected).toHaveLength(8 + 10 + 6);
    expect(
      countBy(cells, ({ dataset, variant, training }) => `${dataset.id}/${variant}/${training.epochs}`),
    ).toEqual(Object.fromEntries(expected));
    for (const cell of cells) {
      expect(cell.training.selection).toBe('best');
      expect(cell.evaluation).toEqual(presets.standard.evaluation);
      expect(isEvidence(cell)).toBe(true);
    }
  });

  it('gives way to the command line for every row', () => {
    const changed = adjustPreset('reproduction', { epochs: 2, trials: 1 });
    for (const variant of ['cnn-33', 'cnn-33-k9', 'resnet-conv'])
      expect(budgetOf(changed, { variant, dataset: 'mnist' })).toMatchObject({ epochs: 2, trials: 1 });
  });
});

it('a budget is for its datasets and their substitutes; the first one counts', () => {
  const preset: Preset = {
    ...presets.paper,
    budgets: [
      { select: ['cnn-*', '!cnn-wide'], datasets: ['mnist'], epochs: 1, trials: 2 },
      { select: ['cnn-*'], epochs: 3, trials: 4 },
    ],
  };
  const of = (variant: string, dataset: string) => {
    const { epochs, trials } = budgetOf(preset, { variant, dataset });
    return [epochs, trials];
  };
  expect(of('cnn-33', 'mnist')).toEqual([1, 2]);
  expect(of('cnn-33', 'digits')).toEqual([1, 2]);
  expect(of('cnn-33', 'cifar10')).toEqual([3, 4]);
  expect(of('cnn-wide', 'mnist')).toEqual([3, 4]);
  expect(of('resnet-conv', 'mnist')).toEqual([300, 3]);
});
