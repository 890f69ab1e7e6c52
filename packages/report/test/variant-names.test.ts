import { variants } from '@weightmap/architectures/variants';
import type { AttackedRun, Run } from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { renderReport, variantName } from '../src/index.js';

const names = {
  label: 'Mine, unsharp large',
  shortLabel: 'unsharp large',
  kinds: ['conv' as const, 'unsharp' as const],
  architecture: 'Mine',
};
const made = [
  makeRecord({ variant: 'cnn-33' }),
  makeRecord({ variant: 'big-one', architecture: 'mine', names }),
];
const attacks: AttackedRun = {
  ...{ schemaVersion: 2, images: 10, subsetSeed: 1, transfer: null },
  cells: made.map(({ cellId, variant, dataset, trial }) => ({
    ...{ cellId, variant, dataset, trial, images: 10, cleanAccuracyPercent: 98, masking: null },
    attacks: [
      {
        ...{ id: 'pgd', label: 'PGD', norm: 'linf', measure: 'epsilon' },
        points: [{ strength: 0.1, accuracyPercent: 60, meanLinf: 0.1, meanL2: 1 }],
      },
    ],
    worst: [{ norm: 'linf', strength: 0.1, accuracyPercent: 60 }],
  })),
};
const run: Run = {
  folder: '.',
  records: made.map((record) => ({ record, folder: 'nowhere' })),
  ...{ damaged: [], failed: [], unfinished: [], notes: [], attacks },
};

test('every variant of the benchmark has its label, its kind and its architecture', () => {
  expect(variants).toHaveLength(19);
  for (const { id, label, shortLabel } of variants)
    expect(variantName(id)).toMatchObject({ long: label, short: shortLabel });
  expect(variantName('densenet-alternating-unsharp')).toEqual({
    ...{ long: 'DenseNet, alternating unsharp', short: 'alt. unsharp', kind: 'unsharp' },
    ...{ alternating: true, architecture: 'DenseNet' },
  });
});

test('an unknown variant without names is called by its id', () => {
  expect(variantName('smooth-operator')).toMatchObject({ long: 'smooth-operator', kind: 'conv' });
});

describe('the variant of a plugin', () => {
  test('is drawn by the names in its record: label, colour and dashes of its kinds, architecture', async () => {
    const { document } = parseHTML(await renderReport(run));
    const cell = [...document.querySelectorAll('table.results th[scope="row"]')].find((th) =>
      th.textContent.includes('big-one'),
    )!;
    expect(cell.textContent).toContain('unsharp large');
    expect(cell.querySelector('.key')!.className).toMatch(/unsharp alternating/);
    expect(document.querySelector('#figure-overview')!.textContent).toContain('Mine · MNIST');
  });

  test('has the same names under attack', async () => {
    const { document } = parseHTML(await renderReport(run));
    const section = document.querySelector('#attacks')!.textContent;
    expect(section).toContain('Mine, unsharp large, trial 1');
    expect(section).toContain('Mine on MNIST');
  });
});
